// Clients that send what costs work and asks for nothing: each gets a GOAWAY with ENHANCE_YOUR_CALM.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { it } from "node:test";
import { clusterPlan, gatewayListener, planOf, startProxy } from "../proxy-fixture.test.js";
import { clientPreface } from "./client-preface.js";

function frame(type: number, flags: number, stream: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

const settings = frame(4, 0, 0);
const request = Buffer.concat([Buffer.from("838684", "hex"), Buffer.from([0x41, 1, 0x61])]);
const open = frame(1, 4, 1, request);
const increment = Buffer.from([0, 0, 0, 1]);
const repeat = (bytes: Buffer, times: number): Buffer => Buffer.concat(new Array<Buffer>(times).fill(bytes));

/** The code of the GOAWAY that comes, after which the connection must end. */
function goawayOf(port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    const parts: Buffer[] = [];
    socket.on("data", (part: Buffer) => parts.push(part));
    socket.on("error", reject);
    socket.on("close", () => {
      const all = Buffer.concat(parts);
      for (let at = 0; at + 9 <= all.length; at += 9 + all.readUIntBE(at, 3)) {
        if (all[at + 3] === 7) resolve(all.readUInt32BE(at + 13));
      }
      reject(new Error("no GOAWAY came"));
    });
    socket.write(Buffer.concat([clientPreface, settings, bytes]));
  });
}

const floods: { what: string; bytes: Buffer }[] = [
  { what: "settings", bytes: repeat(settings, 4_000) },
  { what: "pings", bytes: repeat(frame(6, 0, 0, Buffer.alloc(8)), 4_000) },
  { what: "window updates", bytes: repeat(frame(8, 0, 0, increment), 4_000) },
  { what: "priorities", bytes: repeat(frame(2, 0, 1, Buffer.alloc(5)), 4_000) },
  { what: "empty continuations", bytes: Buffer.concat([frame(1, 0, 1, request), repeat(frame(9, 0, 1), 100)]) },
  {
    what: "long continuations",
    bytes: Buffer.concat([frame(1, 0, 1), repeat(frame(9, 0, 1, Buffer.alloc(9_000)), 4)]),
  },
];

it("floods end the connection with ENHANCE_YOUR_CALM", async (t) => {
  const proxy = await startProxy(t, planOf([gatewayListener("none")], [clusterPlan("none")]), {});
  for (const { what, bytes } of floods) {
    assert.equal(await goawayOf(proxy.port("gateway/main"), bytes), 11, what);
  }
});

it("data for a stream that is over is counted, too", async (t) => {
  const proxy = await startProxy(
    t,
    planOf([gatewayListener("none", { requestTimeoutMs: 0 })], [clusterPlan("none")]),
    {},
  );
  const bytes = Buffer.concat([open, repeat(frame(0, 0, 1), 4_000)]);
  assert.equal(await goawayOf(proxy.port("gateway/main"), bytes), 11);
});

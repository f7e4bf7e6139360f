import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { JsonChannel } from "./json-channel.js";
import { type JsonServer, serveJson } from "./json-server.js";

interface Ask {
  readonly type: string;
}

type Channel = JsonChannel<Ask, unknown, string>;

async function serve(
  test: TestContext,
  onRequest: (request: Ask) => unknown,
): Promise<{ path: string; server: JsonServer<string> }> {
  const folder = mkdtempSync(join(tmpdir(), "tusk-json-"));
  const path = join(folder, "s.sock");
  const server = await serveJson<Ask, unknown, string>({ path, onRequest, maxLineBytes: 1_000 });
  test.after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { path, server };
}

async function open(test: TestContext, path: string, onNotice: (notice: string) => void = () => {}): Promise<Channel> {
  const channel: Channel = await JsonChannel.open({ socketPath: path, onNotice, onLost: () => {} });
  test.after(() => channel.close());
  return channel;
}

describe("a server of JSON lines", () => {
  it("answers each request with its own answer, in any order", async (test) => {
    let release: (value: string) => void = () => {};
    const later = new Promise<string>((resolve) => {
      release = resolve;
    });
    const { path } = await serve(test, ({ type }) => (type === "later" ? later : type));
    const channel = await open(test, path);
    const first = channel.request({ type: "later" });
    assert.equal(await channel.request({ type: "now" }), "now");
    release("done");
    assert.equal(await first, "done");
  });

  it("answers a throw with the error", async (test) => {
    const { path } = await serve(test, () => {
      throw new Error("no");
    });
    const channel = await open(test, path);
    assert.deepEqual(await channel.request({ type: "x" }), { type: "error", message: "no" });
  });

  it("gives a notice to everyone", async (test) => {
    const { path, server } = await serve(test, () => "ok");
    const heard = new Set<string>();
    const channels = await Promise.all(
      ["a", "b"].map((name) => open(test, path, (text) => heard.add(`${name} ${text}`))),
    );
    for (const channel of channels) await channel.request({ type: "hi" });
    server.broadcast("news");
    for (const channel of channels) await channel.request({ type: "hi" });
    assert.deepEqual([...heard].sort(), ["a news", "b news"]);
  });

  it("survives a peer that sends rubbish or a line without end", async (test) => {
    const { path } = await serve(test, () => "ok");
    for (const bytes of ["rubbish\n", "x".repeat(5_000), "null\n[]\n\n"]) {
      await new Promise<void>((resolve) => {
        const socket = connect(path, () => socket.end(bytes));
        socket.on("error", () => {});
        socket.resume().on("close", () => resolve());
      });
    }
    assert.equal(await (await open(test, path)).request({ type: "x" }), "ok");
  });

  it("takes a path over, is not removed by the end of the one before, and is for this user alone", async (test) => {
    const { path, server } = await serve(test, () => "old");
    const newer = await serveJson<Ask, string>({ path, onRequest: () => "new" });
    test.after(() => newer.close());
    server.close();
    assert.equal(await (await open(test, path)).request({ type: "x" }), "new");
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });
});

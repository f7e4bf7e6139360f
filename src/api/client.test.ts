import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, test } from "node:test";
import { type ServedControlPlane, serveControlPlane } from "../../test/doubles/admin-server.js";
import { appSpec, serviceSpec } from "../../test/doubles/control-plane.js";
import { createAdminClient } from "./client.js";

async function take<Item>(
  source: AsyncIterable<Item>,
  count: number,
  during?: (seen: Item[]) => void,
): Promise<Item[]> {
  const seen: Item[] = [];
  for await (const item of source) {
    seen.push(item);
    during?.(seen);
    if (seen.length >= count) break;
  }
  return seen;
}

const waitFor = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};

describe("calls", () => {
  test("every read gives what the control plane gives", async (t) => {
    const { client, control } = await serveControlPlane(t);
    assert.deepEqual(await client.status(), control.status());
    assert.deepEqual(await client.processes(), await control.processes());
    assert.deepEqual(await client.settings(), control.settings());
    assert.deepEqual(await client.routes(), control.routes());
    assert.deepEqual(await client.spec(), { ...JSON.parse(JSON.stringify(control.spec())), problems: [] });
    assert.deepEqual(await client.checkHealth(), await control.checkHealth());
    assert.deepEqual(await client.checkHealth("users"), await control.checkHealth("users"));
    assert.deepEqual(await client.explainService("users"), control.explainService("users"));
    assert.equal((await client.alive()).version, "1.2.3");
    const target = { method: "GET", target: "/x", headers: { "x-a": "1" } };
    assert.deepEqual(await client.explainRequest(target), await control.explainRequest(target));
    assert.deepEqual(await client.explainRecorded("not/known"), []);
    assert.deepEqual(await client.restartProxy(), await control.restartProxy());
  });

  test("changes arrive with their arguments", async (t) => {
    const { client, control } = await serveControlPlane(t);
    await client.restart();
    await client.restart("users");
    await client.restart("users", "users-2");
    const { changes } = await client.scale("users", 3);
    assert.equal(changes[0]?.text, "users: replicas 1 -> 3");
    await client.shutdown();
    assert.deepEqual(control.calls, ["restart", "restart users", "restart users users-2", "scale users 3", "shutdown"]);
  });

  test("a spec is applied as sent; a dry run changes nothing", async (t) => {
    const { client, control } = await serveControlPlane(t);
    const spec = appSpec([serviceSpec("users"), serviceSpec("billing", { calls: [], env: { A: "${B}" } })]);
    const provenance = { "services.users": { file: "tusk.yaml", line: 2, column: 3 } };
    const request = { spec, provenance, from: "tusk.yaml", mode: "replace", file: "/x/tusk.yaml" } as const;
    assert.equal((await client.apply({ ...request, dryRun: true })).changes[0]?.text, "service billing is added");
    assert.equal(control.spec().spec.services[1]?.name, "orders");
    await client.apply(request);
    assert.deepEqual(control.spec(), { spec: JSON.parse(JSON.stringify(spec)), provenance });
  });

  test("waiting says whether all is ready", async (t) => {
    const { client, control } = await serveControlPlane(t);
    assert.equal(await client.waitReady({ timeoutMs: 10 }), true);
    control.set("users-1", { ready: false });
    assert.equal(await client.waitReady({ timeoutMs: 0 }), false);
    assert.equal(await client.waitReady({ services: ["orders"], timeoutMs: 0 }), true);
  });

  test("errors come back with code, hint and problems", async (t) => {
    const { client } = await serveControlPlane(t);
    await assert.rejects(client.scale("nobody", 1), { code: "UNKNOWN_SERVICE", hint: "known: users, orders" });
    await assert.rejects(client.scale("users", 101), (error: { code: string; problems: { path: string }[] }) => {
      assert.deepEqual([error.code, error.problems[0]?.path], ["REQUEST_INVALID", "replicas"]);
      return true;
    });
  });

  test("names with any characters arrive whole", async (t) => {
    const { client } = await serveControlPlane(t);
    const name = "a/b ?#%é";
    await assert.rejects(client.explainService(name), { code: "UNKNOWN_SERVICE", message: `no service "${name}"` });
  });

  test("a shutdown that fails later is reported, its caller is answered", async (t) => {
    const { client, control, defects } = await serveControlPlane(t);
    control.shutdownError = new Error("stuck");
    await client.shutdown();
    await waitFor(() => defects.length === 1);
  });
});

describe("registry", () => {
  const billing = { service: "billing", address: "10.0.0.1", port: 80, tags: ["eu"], ttlMs: 1_000 };

  test("register, look up by tag, heartbeat, deregister", async (t) => {
    const { client } = await serveControlPlane(t);
    const { id } = await client.register(billing);
    await client.heartbeat(id);
    assert.deepEqual(await client.registryServices(), ["billing"]);
    assert.equal((await client.lookup("billing", { tags: ["eu"] }))[0]?.id, id);
    assert.deepEqual(await client.lookup("billing", { tags: ["eu", "us"] }), []);
    await client.heartbeat(id, { state: "critical", reason: "disk full" });
    assert.deepEqual(await client.lookup("billing"), []);
    assert.equal((await client.lookup("billing", { healthyOnly: false }))[0]?.reason.includes("disk full"), true);
    assert.equal(await client.deregister(id), true);
    assert.equal(await client.deregister(id), false);
    await assert.rejects(client.heartbeat(id), { code: "NOT_FOUND" });
  });

  test("a watch begins with a snapshot and counts what follows", async (t) => {
    const { client, control } = await serveControlPlane(t);
    control.register({ ...billing, id: "b1" });
    const lines = await take(client.watchRegistry("billing"), 3, (seen) => {
      if (seen.length === 1) control.register({ ...billing, id: "b2" });
      if (seen.length === 2) control.deregister("b1");
    });
    assert.deepEqual(
      lines.map((line) => [line.index, line.type]),
      [
        [0, "snapshot"],
        [1, "added"],
        [2, "removed"],
      ],
    );
  });

  test("a watch of everything shows every service", async (t) => {
    const { client, control } = await serveControlPlane(t);
    control.register({ ...billing, id: "b1" });
    control.register({ ...billing, service: "mail", id: "m1" });
    const [first] = await take(client.watchRegistry("*"), 1);
    assert.equal(first?.type === "snapshot" && first.instances.length, 2);
  });
});

describe("streams", () => {
  const note = (service: string, message: string) => ({ kind: "test.noted", level: "info", service, message }) as const;
  const texts = (events: readonly { message: string }[]): string[] => events.map(({ message }) => message);

  test("events resume after the last one seen, without a gap or a repetition", async (t) => {
    const { client, control } = await serveControlPlane(t);
    for (const text of ["one", "two", "three"]) control.emit(note("users", text));
    const [one] = await client.events({});
    const seen = await take(client.watchEvents({ after: one?.id }), 3, ({ length }) => {
      if (length === 2) control.emit(note("users", "four"));
    });
    assert.deepEqual(texts(seen), ["two", "three", "four"]);
  });

  test("events of one service, beginning with the newest", async (t) => {
    const { client, control } = await serveControlPlane(t);
    for (const text of ["one", "two", "three"]) control.emit(note("users", text));
    control.emit(note("orders", "other"));
    const seen = await take(client.watchEvents({ service: "users", limit: 2 }), 3, ({ length }) => {
      if (length === 1) control.emit(note("orders", "other again"));
      if (length === 2) control.emit(note("users", "four"));
    });
    assert.deepEqual(texts(seen), ["two", "three", "four"]);
    assert.deepEqual(texts(await client.events({ service: "orders", limit: 1 })), ["other again"]);
    assert.deepEqual(await client.events({ limit: 0 }), []);
  });

  test("the status now, then each change; heartbeats are not shown", async (t) => {
    const { client, control } = await serveControlPlane(t);
    const seen = await take(client.watchStatus(), 2, ({ length }) => {
      control.clock.advance(60_000);
      if (length === 1) control.set("users-1", { ready: false });
    });
    assert.deepEqual(
      seen.map(({ services }) => services[0]?.ready),
      [1, 0],
    );
    await waitFor(() => control.watchers === 0);
  });

  test("an aborted stream ends quietly and lets go of the source", async (t) => {
    const { client, control } = await serveControlPlane(t);
    const abort = new AbortController();
    const reading = take(client.watchEvents({}, abort.signal), 1);
    await waitFor(() => control.watchers === 1);
    abort.abort();
    assert.deepEqual(await reading, []);
    await waitFor(() => control.watchers === 0);
  });

  test("a reader that stops reading is cut off; the server keeps bounded memory", async (t) => {
    const served = await serveControlPlane(t);
    const { control } = served;
    const reader = await openStalledReader(served);
    await waitFor(() => control.watchers === 1);
    const message = "x".repeat(10_000);
    for (let n = 0; n < 20_000 && control.watchers > 0; n++) {
      control.emit(note("users", message));
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(control.watchers, 0);
    reader.resume();
    let last = "";
    reader.on("data", (chunk: string) => {
      last = (last + chunk).slice(-200);
    });
    await once(reader, "close");
    assert.match(last, /"type":"end","code":"SLOW_READER"/);
  });
});

async function openStalledReader({ server, token }: ServedControlPlane) {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.setEncoding("utf8");
  await once(socket, "connect");
  const head = `GET /v1/events/stream HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer ${token}`;
  socket.write(`${head}\r\n\r\n`);
  socket.pause();
  return socket;
}

describe("when there is no admin API", () => {
  test("a closed port is UNREACHABLE", async (t) => {
    const { client, server } = await serveControlPlane(t);
    await server.close();
    await assert.rejects(client.status(), { code: "UNREACHABLE" });
    await assert.rejects(take(client.watchStatus(), 1), { code: "UNREACHABLE" });
  });

  test("another program on the port is UNREACHABLE too", async (t) => {
    const other = createServer((_, answer) => answer.end("<html>hello"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    const client = createAdminClient({ url: `http://127.0.0.1:${port}`, token: "t" });
    await assert.rejects(client.status(), { code: "UNREACHABLE" });
    await assert.rejects(take(client.watchStatus(), 1), { code: "UNREACHABLE" });
  });
});

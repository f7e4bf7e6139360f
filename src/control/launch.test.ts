import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { appSpec } from "../../test/doubles/control-plane.js";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { type ErrorCode, TuskError } from "../base/errors.js";
import type { ListenerSpec } from "../model/app-spec.js";
import { type AppFolder, appFolderAt, createAppFolders } from "../system/app-folder.js";
import { writeJsonAtomic } from "../system/atomic-file.js";
import { acquireLock } from "../system/lock.js";
import { identify } from "../system/proc.js";
import type { ApplyRequest } from "./control-plane.js";
import { ensureController, pendingFile, writeFailure } from "./launch.js";
import { portError } from "./port-error.js";
import { startSystem } from "./start-system.js";

function app(t: TestContext): AppFolder {
  const folder = appFolderAt(temporaryFolder(t));
  t.after(() => rmSync(folder.runtime, { recursive: true, force: true }));
  return folder;
}

function writeRecord(folder: AppFolder): void {
  const record = { ...identify(process.pid), url: "http://127.0.0.1:1", runtime: folder.runtime };
  writeJsonAtomic(folder.files.controller, record);
}

function request(...listeners: readonly ListenerSpec[]): ApplyRequest {
  return { spec: { ...appSpec([]), gateway: { listeners, routes: [] } }, provenance: {}, from: "test" };
}

const isCode =
  (code: ErrorCode, message: RegExp = /./) =>
  (error: unknown): boolean =>
    error instanceof TuskError && error.code === code && message.test(error.message);

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

/** Somebody else is about to start a controller: we wait for theirs. */
function othersStart(t: TestContext, folder: AppFolder): void {
  createAppFolders(folder);
  const held = acquireLock(`${folder.files.lock}.launch`);
  assert.ok("lock" in held);
  t.after(() => held.lock.release());
}

test("a controller that runs is taken, and the request is left to the caller", async (t) => {
  const folder = app(t);
  mkdirSync(folder.state);
  writeRecord(folder);
  const { record, started } = await ensureController(folder, request());
  assert.deepEqual([record.pid, started], [process.pid, false]);
  assert.ok(!existsSync(pendingFile(folder)));
});

test("a gateway port that is taken: who has it, and nothing is left behind", async (t) => {
  const folder = app(t);
  const port = await takenPort(t);
  const ensured = ensureController(folder, request({ name: "main", host: "127.0.0.1", port }));
  const message = new RegExp(`the gateway cannot listen on 127.0.0.1:${port}: the port is taken by pid ${process.pid}`);
  await assert.rejects(ensured, isCode("PORT_IN_USE", message));
  assert.deepEqual(readdirSync(folder.root), []);
  assert.ok(!existsSync(folder.runtime));
});

test("with the gateway switched off its port does not matter", async (t) => {
  const folder = app(t);
  const listener = { name: "main", host: "127.0.0.1", port: await takenPort(t) };
  const { spec, ...rest } = request(listener);
  const off = { ...rest, spec: { ...spec, settings: { API_GATEWAY_ENABLED: false } } };
  othersStart(t, folder);
  const limit = { timeoutMs: 1 };
  await assert.rejects(ensureController(folder, off, { ...limit, environment: {} }), isCode("TIMEOUT"));
  const environment = { TUSK_API_GATEWAY_ENABLED: "0" };
  await assert.rejects(ensureController(folder, request(listener), { ...limit, environment }), isCode("TIMEOUT"));
});

test("of two who start at once the second waits for the first one's controller", async (t) => {
  const folder = app(t);
  othersStart(t, folder);
  const ensured = ensureController(folder, request(), { timeoutMs: 5_000 });
  writeRecord(folder);
  const { record, started } = await ensured;
  assert.deepEqual([record.pid, started], [process.pid, false]);
  assert.ok(!existsSync(pendingFile(folder)));
});

test("a controller that cannot start says why, with every problem", async (t) => {
  const folder = app(t);
  othersStart(t, folder);
  const problems = [{ path: "services.users", message: "has no `run`" }];
  writeFailure(folder, new TuskError("SPEC_INVALID", "the app spec has 1 problem", { hint: "mend it", problems }));
  await assert.rejects(ensureController(folder, null), (error) => {
    assert.ok(error instanceof TuskError);
    assert.deepEqual([error.code, error.hint, error.problems], ["SPEC_INVALID", "mend it", problems]);
    return true;
  });
  writeFailure(folder, new RangeError("something broke"));
  await assert.rejects(ensureController(folder, null), isCode("INTERNAL", /something broke/));
});

test("why a port cannot be had, in words", () => {
  const gateway = { name: "gateway/main", host: "127.0.0.1", port: 80 };
  assert.match(portError(gateway, "EACCES").message, /this user may not listen on it$/);
  assert.match(portError(gateway, "no-such-address").message, /this machine has no such address$/);
  assert.match(portError({ ...gateway, name: "edge/a/b" }, "EADDRNOTAVAIL").message, /^the listener edge\/a\/b cannot/);
  assert.match(portError(gateway, "denied").hint ?? "", /gateway: \{ port/);
});

test("a request that cannot be run is not written down, and the lock is free again", async (t) => {
  const folder = app(t);
  const { spec, ...rest } = request();
  const wrong = { ...rest, spec: { ...spec, settings: { MICROSERVICES_ENGINE: "rocket" } } };
  const start = () => startSystem({ folder, embedded: true, environment: {}, request: wrong });
  await assert.rejects(start(), isCode("SPEC_INVALID"));
  assert.ok(!existsSync(folder.files.desired));
  await assert.rejects(start(), isCode("SPEC_INVALID"));
  const held = acquireLock(folder.files.lock);
  assert.ok("lock" in held);
  await assert.rejects(start(), isCode("ALREADY_RUNNING"));
  held.lock.release();
});

// An app's folder copied while the app runs, state and all: two apps from then on, and neither notices the other.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { test } from "node:test";
import { createApp, shopSpec, type TestApp } from "../support/app.js";

async function calleeOf(app: TestApp): Promise<number> {
  const { status, text } = await app.get("/orders");
  assert.equal(status, 200, text);
  return (JSON.parse(text) as { users: { pid: number } }).users.pid;
}

async function pidsOf(app: TestApp, service: string): Promise<(number | null)[]> {
  return (await app.instances(service)).map(({ pid }) => pid);
}

test("a copy comes up beside the original, calls its own services, and goes down alone", async (t) => {
  const app = await createApp(t);
  const copy = await createApp(t);
  const before = await app.up();
  cpSync(app.folder, copy.folder, { recursive: true, force: true, filter: (path) => !path.endsWith(".sock") });
  copy.write("tusk.yaml", shopSpec(copy.gatewayPort));
  await copy.up();
  const [own, others] = [await pidsOf(copy, "users"), await pidsOf(app, "users")];
  for (let n = 0; n < 4; n++) assert.ok(own.includes(await calleeOf(copy)), "the copy calls its own users");
  for (let n = 0; n < 4; n++) assert.ok(others.includes(await calleeOf(app)), "the original calls its own users");
  await copy.down();
  await copy.assertNothingLeft();
  const after = await app.ps();
  const pids = ({ services }: typeof before) => services.flatMap(({ instances }) => instances.map(({ pid }) => pid));
  assert.deepEqual(pids(after), pids(before));
  assert.equal(after.controller.pid, before.controller.pid);
  assert.ok(others.includes(await calleeOf(app)));
  await app.down();
  await app.assertNothingLeft();
});

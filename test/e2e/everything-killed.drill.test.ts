// Drill: keeper, controller and workers are all killed with -9 at once; only the instances live on. `tusk up` adopts
// them as they are; and where nobody calls `up`, `tusk down` alone cleans everything away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp, type TestApp } from "../support/app.js";
import { eventually } from "../support/eventually.js";
import { kill9 } from "../support/kill9.js";

async function killPlatform(app: TestApp): Promise<void> {
  const platform = (await app.processes()).filter(({ role }) => role !== "instance").map(({ pid }) => pid);
  assert.ok(platform.length >= 3, `keeper, controller and worker: ${platform}`);
  // In one go, so that none has the time to start a successor of another.
  for (const pid of platform) kill9(pid);
  const present = (): number => app.found().filter(({ identity }) => platform.includes(identity.pid)).length;
  await eventually(() => present() === 0, { what: "the platform's processes are gone" });
}

async function instancePids(app: TestApp): Promise<readonly (number | null)[]> {
  return (await app.ps()).services.flatMap(({ instances }) => instances.map(({ pid }) => pid));
}

test("everything but the instances killed: up adopts them, pids unchanged", async (t) => {
  const app = await createApp(t);
  await app.up();
  const before = await instancePids(app);
  await killPlatform(app);
  const survivors = app.found().map(({ identity }) => identity.pid);
  for (const pid of before) assert.ok(survivors.includes(Number(pid)), `instance ${pid} has survived`);
  await app.up();
  assert.deepEqual(await instancePids(app), before);
  const { status, text } = await app.get("/orders");
  assert.equal(status, 200, text);
  await app.down();
  await app.assertNothingLeft();
});

test("everything but the instances killed: down alone cleans up", async (t) => {
  const app = await createApp(t);
  await app.up();
  await killPlatform(app);
  assert.ok(app.found().length >= 3, "the instances live on");
  await app.down();
  await app.assertNothingLeft();
});

test("everything but the instances killed: doctor --prune leaves nothing either", async (t) => {
  const app = await createApp(t);
  await app.up();
  await killPlatform(app);
  await app.run("doctor", "--prune");
  await app.assertNothingLeft();
});

test("keeper and workers killed: the controller starts new ones, and the app serves again", async (t) => {
  const app = await createApp(t);
  await app.up();
  const before = await instancePids(app);
  const plane = (await app.processes()).filter(({ role }) => role === "keeper" || role === "worker");
  for (const { pid } of plane) kill9(pid);
  await eventually(async () => (await app.get("/orders")).status === 200, {
    what: "the gateway answers again",
    timeoutMs: 15_000,
    retryErrors: true,
  });
  assert.deepEqual(await instancePids(app), before);
  await app.down();
  await app.assertNothingLeft();
});

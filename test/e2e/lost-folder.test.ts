// The state folder is taken from under a running app: removed, moved with the app, replaced. No controller may go on in
// the dark: it ends with everything that it ran, and `down` leaves nothing that could start it again.
import assert from "node:assert/strict";
import { existsSync, renameSync, rmSync } from "node:fs";
import { test } from "node:test";
import { createApp, type TestApp } from "../support/app.js";
import { eventually } from "../support/eventually.js";

async function allGone(app: TestApp): Promise<void> {
  const what = "every process of the app is gone";
  await eventually(() => app.found().length === 0, { timeoutMs: 20_000, what });
}

/** `rm -rf`, which the controller's own writing may disturb. */
function removeState(app: TestApp): void {
  rmSync(app.state, { recursive: true, force: true, maxRetries: 5 });
}

test("`.tusk` removed: down leaves nothing that starts the app again", async (t) => {
  const app = await createApp(t);
  await app.up();
  removeState(app);
  await app.down();
  await allGone(app);
  await app.assertNothingLeft();
});

test("`.tusk` removed and nobody asks: the controller notices and stops what it runs", async (t) => {
  const app = await createApp(t);
  await app.up();
  removeState(app);
  await allGone(app);
  assert.ok(!existsSync(app.state), "nothing makes the folder anew");
  await app.assertNothingLeft();
});

test("`.tusk` removed and up again: the new controller has the app, the old one makes way", async (t) => {
  const app = await createApp(t);
  await app.up();
  const [former] = await app.pids("controller");
  removeState(app);
  const { controller } = await app.up();
  assert.notEqual(controller.pid, former);
  const present = (): boolean => app.found().some(({ identity }) => identity.pid === former);
  await eventually(() => !present(), { what: "the former controller has ended" });
  assert.equal((await app.get("/orders")).status, 200);
  assert.equal((await app.ps()).controller.pid, controller.pid);
  await app.down();
  await app.assertNothingLeft();
});

test("the app's folder moved: down in its new place stops what runs, and nothing comes back in the old one", async (t) => {
  const app = await createApp(t);
  await app.up();
  const there = `${app.folder}-moved`;
  renameSync(app.folder, there);
  try {
    const { code, stdout, stderr } = await app.tuskIn(there, "down");
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.match(stdout, /stopped 1 controller without a state folder/);
    await allGone(app);
    assert.ok(!existsSync(app.folder), "nothing makes the old folder anew");
  } finally {
    renameSync(there, app.folder);
  }
  await app.down();
  await app.assertNothingLeft();
});

test("the app's folder moved: up in its new place runs the app there, on the same gateway port", async (t) => {
  const app = await createApp(t);
  await app.up();
  const there = `${app.folder}-moved`;
  renameSync(app.folder, there);
  try {
    for (const args of [["up", "-d", "--wait"], ["ps"], ["down"]]) {
      const { code, stdout, stderr } = await app.tuskIn(there, ...args);
      assert.equal(code, 0, `${args}: ${stdout}${stderr}`);
    }
    await allGone(app);
  } finally {
    renameSync(there, app.folder);
  }
  await app.assertNothingLeft();
});

test("doctor names a controller that has lost its folder, and ends it", async (t) => {
  const app = await createApp(t, { spec: slowShop });
  await app.up();
  const [former] = await app.pids("controller");
  removeState(app);
  // Two seconds old, so that it is not taken for one that is about to start.
  const found = await eventually(
    async () => {
      const { stdout } = await app.tusk("doctor", "--json");
      const { leftovers } = JSON.parse(stdout) as { leftovers: { name: string; pids: number[] }[] };
      return leftovers.find(({ name }) => name === "controller");
    },
    { what: "doctor lists the controller" },
  );
  assert.deepEqual(found.pids, [former]);
  await app.tusk("doctor", "--prune");
  await allGone(app);
});

/** Two seconds to end, so that there is a controller to be found at its work. */
function slowShop(port: number): string {
  const program = "trap 'sleep 4; exit 0' TERM; while :; do sleep 0.1; done";
  return `name: slow
services:
  - { name: lazy, run: ["sh", "-c", "${program}"] }
settings: { HEALTH_CHECK_ENABLED: false }
gateway: { port: ${port} }
`;
}

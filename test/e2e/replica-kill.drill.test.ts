// Drill: a random ready replica is killed with -9 again and again under load. With retries no idempotent request may
// fail; without them at least one must, or the drill would prove nothing.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createApp, isReady, shopSpec, type TestApp } from "../support/app.js";
import { byForm, every, tell, underLoad } from "../support/drill.js";
import { kill9 } from "../support/kill9.js";
import type { LoadReport } from "../support/load-report.js";

const loadMs = byForm(10_000, 60_000);
const killEveryMs = byForm(2_000, 5_000);
const killsAtLeast = byForm(2, 6);

/** Kills one, provided that another one is ready. Returns whether it did. */
async function killOneOf(app: TestApp): Promise<boolean> {
  const ready = (await app.instances("users")).filter(isReady);
  const victim = ready[Math.floor(Math.random() * ready.length)];
  if (ready.length < 2 || !victim?.pid) return false;
  kill9(victim.pid);
  return true;
}

// 20 ms of work in each request: a kill then always finds requests under way.
async function drill(t: TestContext, users: string): Promise<{ readonly report: LoadReport; readonly kills: number }> {
  const app = await createApp(t, { spec: (port) => shopSpec(port, users) });
  await app.up();
  const endsAt = performance.now() + loadMs;
  const load = await underLoad(t, { url: app.url("/users?delayMs=20"), durationMs: loadMs });
  let kills = 0;
  await every(killEveryMs, endsAt - 500, async () => {
    if (await killOneOf(app)) kills++;
  });
  const report = await load.done;
  tell(t, `${kills} kills`, report);
  assert.ok(kills >= killsAtLeast, `only ${kills} kills`);
  await app.down();
  await app.assertNothingLeft();
  return { report, kills };
}

test("replicas killed under load: no idempotent request fails", async (t) => {
  const { report } = await drill(t, "");
  assert.deepEqual(report.failures, []);
  assert.equal(report.failed, 0);
  assert.ok(Object.keys(report.servedBy).length >= 3, "replaced instances took part");
});

test("the same with retries off fails, which proves the drill", async (t) => {
  const { report } = await drill(t, "traffic: { retry: false }");
  assert.ok(report.failed > 0, "no request failed although nothing was retried");
});

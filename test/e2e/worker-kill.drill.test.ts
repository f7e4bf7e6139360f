// Drill: a proxy worker is killed with -9 under load. Requests inside that worker may be lost with it, because nobody
// else holds their connections; but no connection is refused, and another worker serves in less than a second.
import assert from "node:assert/strict";
import { test } from "node:test";
import { appFolderAt } from "../../src/system/app-folder.js";
import { createApp, type TestApp } from "../support/app.js";
import { byForm, letRun, tell, underLoad } from "../support/drill.js";
import { eventually } from "../support/eventually.js";
import { keeperStatus } from "../support/keeper-status.js";
import { kill9 } from "../support/kill9.js";
import type { LoadReport } from "../support/load-report.js";

const rounds = byForm(2, 6);
const betweenMs = byForm(2_000, 8_000);
const connections = 32;

/** Kills a worker; milliseconds until another one serves in its place. */
async function killWorker(app: TestApp): Promise<number> {
  const socket = appFolderAt(app.folder).keeperSocket;
  const [victim] = (await keeperStatus(socket)).workers;
  assert.ok(victim);
  const killedAt = performance.now();
  kill9(victim.pid);
  await eventually(
    async () => {
      const { workers } = await keeperStatus(socket);
      return workers.some(({ slot, pid, state }) => slot === victim.slot && pid !== victim.pid && state === "serving");
    },
    { what: "another worker serves", timeoutMs: 10_000, everyMs: 5 },
  );
  return performance.now() - killedAt;
}

/** Nothing may fail but what was under way in a killed worker: at most one request on each connection. */
function assertOnlyCutOff(report: LoadReport, kills: number): void {
  assert.equal(report.reasons.ECONNREFUSED ?? 0, 0, "connections were refused");
  const lost = (report.reasons.ECONNRESET ?? 0) + (report.reasons["cut off"] ?? 0);
  assert.equal(report.failed, lost, JSON.stringify(report.reasons));
  assert.ok(lost <= kills * connections, `${lost} requests lost in ${kills} kills`);
}

test("workers killed under load: no connection refused, replaced in under a second", async (t) => {
  const app = await createApp(t);
  await app.up();
  const durationMs = 120_000;
  const kept = await underLoad(t, { url: app.url("/users"), connections, durationMs });
  const fresh = await underLoad(t, {
    url: app.url("/users"),
    connections,
    ratePerSecond: 50,
    keepAlive: false,
    durationMs,
  });
  const replacedMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await letRun(betweenMs);
    replacedMs.push(await killWorker(app));
  }
  await letRun(betweenMs);
  const reports = { "kept connections": await kept.stop(), "a new connection each": await fresh.stop() };
  t.diagnostic(`replaced after ${replacedMs.map(Math.round).join(", ")} ms`);
  for (const [title, report] of Object.entries(reports)) {
    tell(t, title, report);
    assertOnlyCutOff(report, rounds);
  }
  assert.ok(Math.max(...replacedMs) < 1000, `replaced after ${Math.max(...replacedMs)} ms`);
  await app.ready("users", 2);
  await app.down();
  await app.assertNothingLeft();
});

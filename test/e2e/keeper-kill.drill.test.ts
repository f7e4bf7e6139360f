// Drill: the keeper is killed with -9 under load. No request fails, a successor holds the same sockets, and what the
// keeper is for still works: a worker and the controller killed after it are replaced.
import assert from "node:assert/strict";
import { test } from "node:test";
import { appFolderAt } from "../../src/system/app-folder.js";
import { holdsSocket, listeningInodes } from "../../src/system/proc.js";
import { createApp, type TestApp } from "../support/app.js";
import { byForm, letRun, tell, underLoad } from "../support/drill.js";
import { eventually } from "../support/eventually.js";
import { type KeeperStatus, keeperStatus } from "../support/keeper-status.js";
import { kill9 } from "../support/kill9.js";

const betweenMs = byForm(2_000, 20_000);

function until(app: TestApp, what: string, holds: (status: KeeperStatus) => boolean): Promise<KeeperStatus> {
  const look = async () => {
    const status = await keeperStatus(appFolderAt(app.folder).keeperSocket);
    return holds(status) ? status : null;
  };
  return eventually(look, { what, timeoutMs: 15_000, everyMs: 10, retryErrors: true });
}

test("the keeper killed under load: unnoticed, succeeded, and its successor does its work", async (t) => {
  const app = await createApp(t);
  const { controller } = await app.up();
  const load = await underLoad(t, { url: app.url("/users"), durationMs: 180_000 });
  const before = await until(app, "the keeper answers", () => true);

  await letRun(betweenMs);
  const killedAt = performance.now();
  kill9(before.keeperPid);
  const after = await until(app, "a successor answers", ({ keeperPid }) => keeperPid !== before.keeperPid);
  t.diagnostic(`a successor answered after ${Math.round(performance.now() - killedAt)} ms`);
  await letRun(betweenMs);
  const report = await load.stop();
  tell(t, "keeper killed", report);
  assert.deepEqual(report.failures, []);
  assert.equal(report.failed, 0);

  await t.test("the successor holds the gateway's socket, and the workers are the same", async () => {
    assert.ok(holdsSocket(after.keeperPid, listeningInodes(app.gatewayPort)));
    const pids = ({ workers }: KeeperStatus) => workers.map(({ pid }) => pid).sort();
    assert.deepEqual(pids(after), pids(before));
    assert.equal((await app.ps()).controller.pid, controller.pid);
  });

  await t.test("a worker killed after it is replaced, with no connection refused", async () => {
    const again = await underLoad(t, { url: app.url("/users"), durationMs: 60_000 });
    const [victim] = after.workers;
    assert.ok(victim);
    kill9(victim.pid);
    await until(app, "another worker serves", ({ workers }) =>
      workers.some(({ slot, pid, state }) => slot === victim.slot && pid !== victim.pid && state === "serving"),
    );
    await letRun(1_000);
    const second = await again.stop();
    tell(t, "worker killed after succession", second);
    assert.equal(second.reasons.ECONNREFUSED ?? 0, 0);
    assert.ok(second.failed <= 32, JSON.stringify(second.reasons));
  });

  await t.test("a controller killed after it is restarted by the successor", async () => {
    kill9(controller.pid);
    await until(
      app,
      "another controller",
      ({ controllerPid }) => controllerPid !== null && controllerPid !== controller.pid,
    );
    await app.ready("users", 2);
  });

  await app.ps();
  await app.down();
  await app.assertNothingLeft();
});

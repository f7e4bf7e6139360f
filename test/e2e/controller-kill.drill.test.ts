// Drill: the controller is killed with -9 under load. Nobody notices; the keeper starts the next one, which adopts
// what runs and can do everything with it: scale, change a route, add a listener, restart an adopted instance that dies.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SystemStatus } from "../../src/control/control-plane.js";
import { createApp, shopSpec, type TestApp } from "../support/app.js";
import { byForm, letRun, tell, underLoad } from "../support/drill.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";
import { httpGet } from "../support/http-get.js";
import { kill9 } from "../support/kill9.js";

const settleMs = byForm(2_000, 20_000);

function pidsOf(status: SystemStatus): Readonly<Record<string, number | null>> {
  return Object.fromEntries(status.services.flatMap(({ instances }) => instances.map(({ id, pid }) => [id, pid])));
}

function successor(app: TestApp, previousPid: number): Promise<SystemStatus> {
  const look = async () => {
    const status = await app.ps();
    return status.controller.pid === previousPid ? null : status;
  };
  return eventually(look, { what: "a new controller answers", timeoutMs: 15_000, everyMs: 50, retryErrors: true });
}

function answers(url: string, status: number): Promise<unknown> {
  const look = async () => (await httpGet(url)).status === status;
  return eventually(look, { what: `${url} answers ${status}`, timeoutMs: 15_000, everyMs: 50, retryErrors: true });
}

test("the controller killed under load: unnoticed, replaced, and everything still works", async (t) => {
  const app = await createApp(t);
  const before = await app.up();
  const workers = await app.pids("worker");
  const durationMs = 120_000;
  const users = await underLoad(t, { url: app.url("/users"), durationMs });
  const orders = await underLoad(t, { url: app.url("/orders"), ratePerSecond: 20, connections: 4, durationMs });

  await letRun(settleMs / 2);
  const killedAt = performance.now();
  kill9(before.controller.pid);
  const after = await successor(app, before.controller.pid);
  t.diagnostic(`a new controller answered after ${Math.round(performance.now() - killedAt)} ms`);
  await letRun(settleMs);
  for (const [title, load] of [["users", users] as const, ["orders", orders] as const]) {
    const report = await load.stop();
    tell(t, title, report);
    assert.deepEqual(report.failures, [], title);
    assert.equal(report.failed, 0);
  }

  await t.test("instances and workers are the same processes", async () => {
    assert.deepEqual(pidsOf(after), pidsOf(before));
    assert.deepEqual(await app.pids("worker"), workers);
    assert.ok(after.services.every(({ instances }) => instances.every(({ restarts }) => restarts === 0)));
  });

  await t.test("an adopted instance that is killed comes back with its id and port", async () => {
    const [victim] = await app.instances("users");
    assert.ok(victim?.pid);
    kill9(victim.pid);
    const look = async () =>
      (await app.instances("users")).find(({ id, pid }) => id === victim.id && pid !== victim.pid && pid);
    const replacement = await eventually(look, { what: "the instance is restarted", timeoutMs: 15_000, everyMs: 50 });
    assert.equal(replacement.port, victim.port);
    await app.ready("users", 2);
    assert.ok((await app.instances("users")).some(({ restarts }) => restarts === 1));
  });

  await t.test("scaling works, up and down", async () => {
    await app.run("scale", "users=3");
    await app.ready("users", 3);
    await app.run("scale", "users=1");
    await app.ready("users", 1);
  });

  await t.test("an edited route and a new listener are applied, and nothing else is touched", async () => {
    const pids = pidsOf(await app.ps());
    const extra = await freePort();
    const listeners = `listeners: [{ name: main, port: ${app.gatewayPort} }, { name: extra, port: ${extra} }]`;
    const edited = shopSpec(app.gatewayPort).replace("route: /users", "route: /people");
    app.write("tusk.yaml", edited.replace(`port: ${app.gatewayPort} }`, `${listeners} }`));
    await answers(app.url("/people"), 200);
    await answers(app.url("/users"), 404);
    await answers(`http://127.0.0.1:${extra}/people`, 200);
    assert.deepEqual(pidsOf(await app.ps()), pids);
  });

  await app.ps();
  await app.down();
  await app.assertNothingLeft();
});

// Commands against a running controller: the real admin API and client, a control plane in memory behind them.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { describe, test } from "node:test";
import { serveApp } from "../../test/doubles/served-app.js";

const spec = `name: shop
services:
  - { name: users, run: node server.js }
  - { name: orders, run: node server.js }
  - { name: billing, run: node server.js }
`;

describe("reading", () => {
  test("ps --json has exactly the promised shape", async (t) => {
    const { tusk } = await serveApp(t, spec);
    const status = JSON.parse((await tusk("ps", "--json")).stdout);
    const [{ name, revision, instances }] = status.services;
    assert.deepEqual([name, revision], ["users", 1]);
    const { id, pid, port, health, reason, restarts, startedAt, cpuPercent, memoryBytes } = instances[0];
    assert.deepEqual(
      [id, pid, port, health, reason, restarts, startedAt, cpuPercent, memoryBytes],
      ["users-1", 4242, 20_001, "passing", "readiness: connected", 0, "2026-01-01T00:00:00.000Z", 1.5, 52_428_800],
    );
    assert.deepEqual(status.gateway[0].url, "http://127.0.0.1:8080");
    assert.deepEqual(Object.keys(status.controller), ["pid", "url"]);
  });

  test("tables for people", async (t) => {
    const { tusk } = await serveApp(t, spec);
    assert.match((await tusk("ps")).stdout, /users-1 +passing/);
    assert.match((await tusk("routes")).stdout, /PathPrefix \/users/);
    assert.match((await tusk("explain", "users")).stdout, /users is ready/);
    assert.match((await tusk("explain", "POST", "/x")).stdout, /refused 404 NO_ROUTE: no route matches \/x/);
    assert.equal(JSON.parse((await tusk("routes", "--json")).stdout).routes.length, 2);
  });

  test("health: 0 when all pass, 4 when one does not", async (t) => {
    const { tusk, control } = await serveApp(t, spec);
    assert.equal((await tusk("health")).code, 0);
    control.set("users-1", { ready: false, reason: "readiness: 503" });
    const { code, stdout } = await tusk("health", "users", "--json");
    assert.equal(code, 4);
    assert.equal(JSON.parse(stdout).instances[0].reason, "readiness: 503");
    assert.equal((await tusk("health", "nobody")).code, 1);
  });

  test("events of one service, newest n", async (t) => {
    const { tusk, control } = await serveApp(t, spec);
    for (const n of [1, 2, 3]) control.emit({ kind: "a.b", level: "info", service: "users", message: `n${n}` });
    control.emit({ kind: "a.b", level: "info", service: "orders", message: "other" });
    const { stdout } = await tusk("events", "--service", "users", "--limit", "2");
    assert.match(stdout, /n2\n.*n3\n$/);
    assert.doesNotMatch(stdout, /n1|other/);
  });

  test("a token that is not the controller's is an error, exit code 1", async (t) => {
    const { tusk, folder } = await serveApp(t, spec);
    rmSync(folder.files.token);
    const { code, stderr } = await tusk("ps");
    assert.equal(code, 1);
    assert.match(stderr, /STATE_DAMAGED/);
  });
});

describe("changing", () => {
  test("scale checks every argument first", async (t) => {
    const { tusk, control } = await serveApp(t, spec);
    const { code, stderr } = await tusk("scale", "users=2", "ordres=2");
    assert.equal(code, 1);
    assert.match(stderr, /did you mean `orders`/);
    assert.deepEqual(control.calls, []);
    const { stdout } = await tusk("scale", "users=2", "orders=0", "--wait");
    assert.match(stdout, /users: replicas 1 -> 2/);
    assert.deepEqual(control.calls, ["scale users 2", "scale orders 0"]);
  });

  test("scale --wait that is not ready: 4, with each reason", async (t) => {
    const { tusk, control } = await serveApp(t, spec);
    control.set("users-2", { ready: false, phase: "starting", reason: "connection refused" });
    const { code, stdout } = await tusk("scale", "users=2", "--wait", "--timeout", "10ms", "--json");
    assert.equal(code, 4);
    const { error } = JSON.parse(stdout);
    assert.equal(error.code, "NOT_READY");
    assert.deepEqual(error.problems, [{ path: "", message: "users-2: connection refused" }]);
  });

  test("restart of all, of a service, of an instance by its id alone", async (t) => {
    const { tusk, control } = await serveApp(t, spec);
    assert.match((await tusk("restart")).stdout, /all services restarted/);
    await tusk("restart", "users");
    await tusk("restart", "--instance", "users-1");
    assert.deepEqual(control.calls, ["restart", "restart users", "restart users users-1"]);
    assert.equal((await tusk("restart", "--instance", "users")).code, 2);
  });

  test("up on a running app shows the difference, applies it and waits", async (t) => {
    const { tusk, control } = await serveApp(t, spec);
    const { code, stdout, stderr } = await tusk("up", "-d", "--wait");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /shop runs already; 1 change:\n {2}\+ service billing is added/);
    assert.match(stdout, /shop is up: 3 instances ready/);
    assert.deepEqual(control.calls, ["apply edit from tusk.yaml (dry run)", "apply edit from tusk.yaml"]);
    const again = await tusk("up", "--json");
    const { started, changes, ready } = JSON.parse(again.stdout);
    assert.deepEqual([started, changes, ready], [false, [], null]);
  });

  test("up says at once that a service failed that will not start by itself", async (t) => {
    const { tusk, control } = await serveApp(t, spec);
    control.set("billing-1", { ready: false, phase: "failed", reason: "setup ended with exit code 1" });
    control.waitReady = () => new Promise(() => {});
    const { code, stderr } = await tusk("up", "--wait");
    assert.equal(code, 4);
    assert.match(stderr, /billing-1: setup ended with exit code 1/);
    assert.match(stderr, /waiting ended after .*: what failed does not start again by itself/);
    assert.doesNotMatch(stderr, /within/);
  });

  test("down waits until nothing is left; a limit names what is", async (t) => {
    const { tusk, control, folder } = await serveApp(t, spec);
    const slow = await tusk("down", "--timeout", "50ms");
    assert.equal(slow.code, 4);
    assert.match(slow.stderr, /controller\.json/);
    const { shutdown } = control;
    control.shutdown = async () => {
      await shutdown.call(control);
      rmSync(folder.files.controller);
    };
    const { code, stdout } = await tusk("down", "--json");
    assert.deepEqual([code, JSON.parse(stdout).stopped], [0, true]);
    assert.deepEqual(control.calls, ["shutdown", "shutdown"]);
  });
});

describe("doctor", () => {
  test("lists processes, and a version that differs", async (t) => {
    const { tusk } = await serveApp(t, spec);
    const { code, stdout } = await tusk("doctor", "--json");
    assert.equal(code, 1);
    const { ok, checks, processes, leftovers } = JSON.parse(stdout);
    assert.equal(ok, false);
    assert.deepEqual(processes, [{ role: "controller", pid: process.pid, name: "controller" }]);
    assert.ok(Array.isArray(leftovers));
    const controller = checks.find(({ name }: { name: string }) => name === "controller");
    assert.match(controller.detail, /version 1\.2\.3/);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { instanceStatus } from "../../test/doubles/control-plane.js";
import type { InstanceStatus, SystemStatus } from "../control/control-plane.js";
import { changedLines, isAnyFailed, notReady, toProgress } from "./progress.js";

const service = (name: string, replicas: number, instances: readonly InstanceStatus[]) => ({
  name,
  revision: 1,
  replicas,
  ready: instances.filter(({ ready }) => ready).length,
  instances,
});
const waiting = (id: string, more: Partial<InstanceStatus> = {}) =>
  instanceStatus(id, { ready: false, phase: "starting", reason: "connection refused", ...more });
const system = (...services: ReturnType<typeof service>[]): SystemStatus => ({
  app: "shop",
  services,
  gateway: [],
  controller: { pid: 1, url: "" },
});

test("ready, waiting with the first reason, failed before waiting", () => {
  const users = service("users", 2, [instanceStatus("users-1"), waiting("users-2", { waitingFor: ["db"] })]);
  assert.deepEqual(toProgress(users), {
    name: "users",
    state: "waiting",
    text: "1/2 ready; users-2: connection refused (waits for db)",
  });
  const failed = waiting("users-3", { phase: "failed", reason: "setup ended with 1" });
  assert.deepEqual(toProgress(service("users", 2, [waiting("users-2"), failed])), {
    name: "users",
    state: "failed",
    text: "0/2 ready; users-3: setup ended with 1",
  });
  assert.equal(toProgress(service("users", 1, [instanceStatus("users-1")])).text, "1/1 ready");
  assert.equal(toProgress(service("users", 0, [])).state, "ready");
  assert.ok(isAnyFailed(system(service("users", 1, [failed]))));
});

test("what is not ready, each with its reason, of the services asked for", () => {
  const status = system(service("users", 1, [waiting("users-1")]), service("orders", 2, [instanceStatus("orders-1")]));
  assert.deepEqual(notReady(status), ["users-1: connection refused", "orders: 1 of 2 instances exist"]);
  assert.deepEqual(notReady(status, ["orders"]), ["orders: 1 of 2 instances exist"]);
});

test("only lines that changed are shown again", () => {
  const status = system(service("users", 1, [waiting("users-1")]), service("orders", 1, [instanceStatus("orders-1")]));
  const shown = new Map([["orders", "1/1 ready"]]);
  assert.deepEqual(
    changedLines(shown, status).map(({ name }) => name),
    ["users"],
  );
});

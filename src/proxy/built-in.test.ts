// A target that is built into the worker: behind the same policy as every other, and counted like it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListenerPlan } from "../plan/proxy-plan.js";
import { validatePlan } from "./plan-validation.js";
import { actionTo, ask, clusterPlan, planOf, startProxy } from "./proxy-fixture.test.js";

const listener: ListenerPlan = {
  kind: "egress",
  name: "egress/probe",
  protocols: ["http1"],
  caller: "probe",
  allowed: { open: actionTo("open") },
  known: ["open", "shut"],
};
const plan = planOf([listener], [clusterPlan("open", { builtIn: true }), clusterPlan("shut", { builtIn: true })]);

test("a built-in target answers 204 to whom it is allowed, and to nobody else", async (t) => {
  const proxy = await startProxy(t, plan, {});
  const port = proxy.port("egress/probe");
  assert.equal((await ask(port, { headers: { host: "open" } })).status, 204);
  assert.equal((await ask(port, { headers: { host: "shut" } })).status, 403);
  assert.equal((await ask(port, { headers: { host: "other" } })).status, 404);
  const body = "x".repeat(100_000);
  assert.equal((await ask(port, { method: "POST", headers: { host: "open" }, body })).status, 204);
  assert.equal(proxy.dataPlane.edges.of("probe", "open").toJSON().requests, 2);
});

test("built in is said with true alone", () => {
  const odd = { ...plan, clusters: { ...plan.clusters, open: { ...clusterPlan("open"), builtIn: "yes" } } };
  const result = validatePlan(odd);
  assert.ok(!result.ok && result.problems.some((problem) => problem.includes("builtIn")));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parsedOf, specOf } from "../../test/support/specs.js";
import { compileProxyPlan } from "../compile/proxy-plan.js";
import { parseSpecText } from "./parse-spec.js";
import { defaultSettings } from "./settings.js";

const written = `name: shop
services:
  - name: users
    run: node server.js
    traffic:
      limits: { adaptive: { min: 2000, tolerance: 3 } }
      subset: { tags: [v2] }
      zone: eu-1
      tunnelIdle: 5m
  - name: orders
    run: node server.js
    calls: [users]
    callTraffic: { users: { subset: { metadata: { disk: ssd }, fallback: none } } }
    traffic: { limits: { adaptive: true }, zone: { name: eu-2, minimumHealthy: 50 } }
gateway: { workers: 3, accessLog: { sample: 0.5, fields: [status] } }
`;

test("adaptive limit, subset, zone, silent tunnels, workers and access log, with their defaults", () => {
  const { services, gateway } = specOf(written);
  const [users, orders] = services;
  assert.deepEqual(users?.traffic.limits.adaptive, { min: 2000, max: 2000, tolerance: 3 });
  assert.deepEqual(users?.traffic.subset, { tags: ["v2"], metadata: {}, fallback: "any" });
  assert.deepEqual(users?.traffic.zone, { zone: "eu-1", minimumHealthy: 0.7 });
  assert.equal(users?.traffic.tunnelIdleMs, 300_000);
  assert.deepEqual(orders?.traffic.limits.adaptive, { min: 4, max: 1000, tolerance: 2 });
  assert.deepEqual(orders?.traffic.zone, { zone: "eu-2", minimumHealthy: 0.5 });
  assert.equal(gateway.workers, 3);
  assert.deepEqual(gateway.accessLog, { sample: 0.5, fields: ["status"], query: false });
});

test("they reach the plan, each with the line that set it; a caller's subset is of its edge alone", () => {
  const { spec, provenance } = parsedOf(written);
  const plan = compileProxyPlan({ spec, provenance, settings: defaultSettings, version: 1 });
  const { users } = plan.clusters;
  assert.deepEqual(users?.zone, { zone: "eu-1", minimumHealthy: 0.7 });
  assert.equal(users?.tunnelIdleMs, 300_000);
  for (const [field, line] of [
    ["subset", 7],
    ["zone", 8],
    ["tunnelIdleMs", 9],
    ["limits", 6],
  ] as const) {
    assert.equal(users?.origins?.[field]?.line, line, field);
  }
  const edge = plan.listeners.find(({ name }) => name === "edge/orders/users");
  assert.deepEqual(edge?.kind === "edge" && edge.action.subset, {
    tags: [],
    metadata: { disk: "ssd" },
    fallback: "none",
  });
  assert.deepEqual(plan.accessLog, { sample: 0.5, fields: ["status"], query: false });
});

test("off unless it is written", () => {
  const { services, gateway } = specOf(
    "name: shop\nservices: [{ name: users, run: x, traffic: { limits: { adaptive: false } } }]\ngateway: { accessLog: false }\n",
  );
  assert.equal(services[0]?.traffic.limits.adaptive, undefined);
  assert.equal("subset" in (services[0]?.traffic ?? {}), false);
  assert.deepEqual(Object.keys(gateway).sort(), ["listeners", "routes"]);
});

test("what makes no sense is told", () => {
  const problems = (gateway: string, traffic: string): string => {
    const text = `name: shop\nservices: [{ name: users, run: x, traffic: ${traffic} }]\ngateway: ${gateway}\n`;
    const result = parseSpecText(text, "tusk.yaml");
    return result.ok ? "" : result.problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
  };
  assert.match(problems("{ workers: 0 }", "{}"), /workers/);
  assert.match(problems("{ accessLog: { sample: 0 } }", "{}"), /sample: must be above 0|accessLog/);
  assert.match(problems("{ accessLog: { fields: [password] } }", "{}"), /accessLog/);
  assert.match(problems("{}", "{ subset: {} }"), /tags or metadata/);
  assert.match(problems("{}", "{ limits: { adaptive: { tolerance: 1 } } }"), /tolerance|adaptive/);
});

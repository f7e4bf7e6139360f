import assert from "node:assert/strict";
import { test } from "node:test";
import { parsedOf, shopYaml } from "../../test/support/specs.js";
import { resolveSettings } from "../model/resolve-settings.js";
import { compileProcessPlan, type ProcessPlanInput, type ProcessPlanResult } from "./process-plan.js";

const ports = { "edge/orders/users": 20_001, "egress/users": 20_002, "egress/orders": 20_003 };

function compile(yaml: string, patch: Partial<ProcessPlanInput> = {}): ProcessPlanResult {
  const { spec, provenance } = parsedOf(yaml, { requireRun: false });
  const { settings } = resolveSettings({ spec: spec.settings });
  const defaults = { appFolder: "/app", ports, environment: {}, envFiles: {}, revisions: {} };
  return compileProcessPlan({ spec, provenance, settings, ...defaults, ...patch });
}

const revisionsOf = ({ plan }: ProcessPlanResult): Record<string, number> =>
  Object.fromEntries(plan.services.map(({ service, revision }) => [service, revision]));

test("a revision counts up when what its processes are made of changes, and only then", () => {
  const first = compile(shopYaml);
  assert.deepEqual(revisionsOf(first), { users: 1, orders: 1 });
  const { revisions } = first;
  const unchanged = shopYaml.replace("replicas: 2", "replicas: 3, drain: 1s, health: /up").replace("8080", "8081");
  const otherShell = { PATH: "/elsewhere", FOO: "1" };
  assert.deepEqual(revisionsOf(compile(unchanged, { revisions, environment: otherShell })), { users: 1, orders: 1 });
  const command = shopYaml.replace("node server.js", "node main.js");
  assert.deepEqual(revisionsOf(compile(command, { revisions })), { users: 2, orders: 1 });
  const calls = shopYaml.replace(", calls: [users]", "");
  assert.deepEqual(revisionsOf(compile(calls, { revisions })), { users: 1, orders: 2 });
  const env = shopYaml.replace("replicas: 2", "env: { LOG: debug }");
  assert.deepEqual(revisionsOf(compile(env, { revisions })), { users: 2, orders: 1 });
  assert.deepEqual(revisionsOf(compile(shopYaml, { revisions, envFiles: { users: { A: "1" } } })), {
    users: 2,
    orders: 1,
  });
  assert.deepEqual(revisionsOf(compile(shopYaml, { revisions, appFolder: "/moved" })), { users: 2, orders: 2 });
});

test("the numbers of a service that was gone go on when it comes back", () => {
  const first = compile(shopYaml);
  const without = compile("name: shop\n", { revisions: first.revisions });
  assert.deepEqual(without.revisions, first.revisions);
  const back = shopYaml.replace("node server.js", "node main.js");
  assert.deepEqual(revisionsOf(compile(back, { revisions: without.revisions })), { users: 2, orders: 1 });
});

test("nothing for Tusk or of Node's own channel is inherited; later layers win", () => {
  const environment = {
    PATH: "/bin",
    TUSK_GRPC_ENABLED: "off",
    TUSK_INSTANCE: "other-1",
    NODE_CHANNEL_FD: "3",
    NODE_UNIQUE_ID: "1",
    UNSET: undefined,
    A: "shell",
    B: "shell",
    USERS_URL: "http://localhost:1",
  };
  const yaml = shopYaml.replace("calls: [users]", "calls: [users], env: { B: spec }");
  const { plan } = compile(yaml, {
    environment,
    envFiles: { orders: { A: "file", B: "file", USERS_URL: "http://file" } },
  });
  assert.deepEqual(plan.services[1]?.env, {
    PATH: "/bin",
    A: "file",
    B: "spec",
    USERS_URL: "http://127.0.0.1:20001",
    TUSK_APP: "shop",
    TUSK_SERVICE: "orders",
    TUSK_EGRESS: "http://127.0.0.1:20003",
  });
});

test("an unset variable is a problem with the line where it is written", () => {
  const { problems } = compile(shopYaml.replace("replicas: 2", "env: { URL: '${NOPE}' }"));
  assert.deepEqual(
    problems.map(({ path, file, line, column }) => ({ path, file, line, column })),
    [{ path: "services.users.env.URL", file: "tusk.yaml", line: 3, column: 63 }],
  );
});

test("a service whose code is not there yet is a problem and not in the plan", () => {
  const { plan, problems } = compile("name: shop\nservices: [{ name: users }]\n");
  assert.deepEqual(plan.services, []);
  assert.deepEqual(
    problems.map(({ message, line }) => [message, line]),
    [["service `users` has no `run`", 2]],
  );
});

test("a port that was not leased is a defect of the caller", () => {
  assert.throws(() => compile(shopYaml, { ports: {} }), { code: "INTERNAL", message: /edge|egress/ });
});

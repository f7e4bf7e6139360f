import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileEndpoints, type EndpointSource } from "./endpoints.js";

const instance = (id: string, patch: Partial<EndpointSource> = {}): EndpointSource => ({
  id,
  service: id.replace(/-\d+$/, ""),
  address: "127.0.0.1",
  port: 9000,
  weight: 1,
  state: "passing",
  epoch: `${id}@1`,
  ...patch,
});
const none: ReadonlySet<string> = new Set();

test("passing and warning are ready, draining is listed as such, the rest is absent", () => {
  const instances = [
    instance("users-1"),
    instance("users-2", { state: "warning", weight: 3 }),
    instance("users-3", { state: "critical" }),
    instance("users-4", { state: "starting" }),
    instance("users-5"),
    instance("users-6", { state: "critical" }),
    instance("idle-1", { state: "critical" }),
  ];
  const table = compileEndpoints({ instances, draining: new Set(["users-5", "users-6"]), version: 3 });
  assert.deepEqual(table, {
    format: 1,
    version: 3,
    clusters: {
      users: [
        { id: "users-1", epoch: "users-1@1", address: "127.0.0.1", port: 9000, state: "ready" },
        { id: "users-2", epoch: "users-2@1", address: "127.0.0.1", port: 9000, weight: 3, state: "ready" },
        { id: "users-5", epoch: "users-5@1", address: "127.0.0.1", port: 9000, state: "draining" },
        { id: "users-6", epoch: "users-6@1", address: "127.0.0.1", port: 9000, state: "draining" },
      ],
    },
  });
});

test("users-2 comes before users-10", () => {
  const instances = [instance("users-10"), instance("users-2"), instance("users-1")];
  const { clusters } = compileEndpoints({ instances, draining: none, version: 1 });
  assert.deepEqual(
    clusters.users?.map(({ id }) => id),
    ["users-1", "users-2", "users-10"],
  );
});

test("the order of registration does not show", () => {
  const instances = ["b-1", "a-2", "a-11", "a-1", "c-1"].map((id) => instance(id));
  const expected = JSON.stringify(compileEndpoints({ instances, draining: none, version: 1 }));
  const shuffled = fc.shuffledSubarray(instances, { minLength: instances.length });
  fc.assert(
    fc.property(shuffled, (order) => {
      assert.equal(JSON.stringify(compileEndpoints({ instances: order, draining: none, version: 1 })), expected);
    }),
  );
});

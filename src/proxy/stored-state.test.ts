import assert from "node:assert/strict";
import { it } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { FakeClock } from "../base/fake-clock.js";
import type { Endpoint } from "../plan/proxy-plan.js";
import { DataPlane } from "./data-plane.js";
import { clusterPlan, endpointAt, gatewayListener, planOf } from "./proxy-fixture.test.js";
import { StoredState } from "./stored-state.js";

const newDataPlane = (): DataPlane => new DataPlane({ clock: new FakeClock(), notify: () => {}, onForget: () => {} });

it("plan and endpoints, few or thousands, are read back as they were", async (t) => {
  const folder = temporaryFolder(t);
  const plan = planOf(
    [gatewayListener("many")],
    ["many", "few", "none"].map((name) => clusterPlan(name)),
  );
  const many: Endpoint[] = Array.from({ length: 6_001 }, (_, index) => ({ ...endpointAt(1 + index), weight: 2 }));
  const table = { format: 1, version: 3, clusters: { many, few: [endpointAt(1)], none: [] } };
  const stored = new StoredState(folder, 1);
  await Promise.all([stored.save("plan", plan), stored.save("endpoints", { ...table, absent: undefined })]);
  const dataPlane = newDataPlane();
  new StoredState(folder, 1).load(dataPlane);
  assert.deepEqual(dataPlane.plan, JSON.parse(JSON.stringify(plan)));
  assert.deepEqual(dataPlane.table, table);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSettings } from "../model/settings.js";
import type { EgressListenerPlan, ProxyPlan } from "../plan/proxy-plan.js";
import { allowedTarget, deniedTarget, probeListener, withMeshProbe } from "./mesh-probe.js";

const plan: ProxyPlan = { format: 1, version: 3, app: "shop", listeners: [], clusters: {} };

function allowedIn(probed: ProxyPlan): string[] {
  const listener = probed.listeners.find(({ name }) => name === probeListener) as EgressListenerPlan;
  return Object.keys(listener.allowed);
}

test("the probe's caller may call one target; without caller identity, both; the plan it came from stays", () => {
  const probed = withMeshProbe(plan, defaultSettings);
  assert.deepEqual(allowedIn(probed), [allowedTarget]);
  assert.deepEqual(Object.keys(probed.clusters), [allowedTarget, deniedTarget]);
  assert.ok(Object.values(probed.clusters).every(({ builtIn }) => builtIn === true));
  const open = withMeshProbe(plan, { ...defaultSettings, SERVICE_AUTH_ENABLED: false });
  assert.deepEqual(allowedIn(open), [allowedTarget, deniedTarget]);
  assert.deepEqual(withMeshProbe(plan, { ...defaultSettings, REST_API_ENABLED: false }).listeners[0]?.protocols, []);
  assert.deepEqual([plan.listeners, plan.clusters], [[], {}]);
});

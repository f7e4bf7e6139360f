// A listener for one moment through which the mesh is tried: a caller that may call one target and not another, both
// built into the workers, so that the policy is seen at work without a request to any service.
import type { Settings } from "../model/settings.js";
import type { ClusterPlan, EgressListenerPlan, ProxyPlan, RouteAction } from "../plan/proxy-plan.js";

/** No service can have these names: they have a dot. */
export const probeCaller = "probe.tusk";
export const allowedTarget = "allowed.probe.tusk";
export const deniedTarget = "denied.probe.tusk";
export const probeListener = `egress/${probeCaller}`;

/** The plan with the listener and its two targets. Who may call whom is compiled as for every other caller. */
export function withMeshProbe(plan: ProxyPlan, settings: Settings): ProxyPlan {
  const known = [allowedTarget, deniedTarget];
  const allowed = settings.SERVICE_AUTH_ENABLED ? [allowedTarget] : known;
  const listener: EgressListenerPlan = {
    kind: "egress",
    name: probeListener,
    protocols: settings.REST_API_ENABLED ? ["http1"] : [],
    caller: probeCaller,
    allowed: Object.fromEntries(allowed.map((target) => [target, actionTo(target)])),
    known,
  };
  const clusters = Object.fromEntries(known.map((target) => [target, builtIn(target)]));
  return { ...plan, listeners: [...plan.listeners, listener], clusters: { ...plan.clusters, ...clusters } };
}

function actionTo(cluster: string): RouteAction {
  return {
    backends: [{ cluster, weight: 1 }],
    requestTimeoutMs: 0,
    attemptTimeoutMs: 0,
    retry: { attempts: 0, statuses: [], backoffMs: 0 },
  };
}

function builtIn(name: string): ClusterPlan {
  return { name, loadBalancer: "first", connectTimeoutMs: 0, retryBudget: { ratio: 0, minimum: 0 }, builtIn: true };
}

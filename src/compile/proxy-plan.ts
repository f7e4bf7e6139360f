// Spec -> what the proxy workers run: gateway, edge and egress listeners, and a cluster for every service.
import type {
  AppSpec,
  CallTrafficSpec,
  FaultSpec,
  HedgeSpec,
  Provenance,
  RouteFilterSpec,
  RouteSpec,
  ServiceSpec,
} from "../model/app-spec.js";
import { defaultTraffic } from "../model/normalise-traffic.js";
import type { Settings } from "../model/settings.js";
import type {
  ClusterPlan,
  EdgeListenerPlan,
  EgressListenerPlan,
  FaultPlan,
  FilterPlan,
  ProxyPlan,
  RetryPlan,
  RouteAction,
} from "../plan/proxy-plan.js";
import { compileGateway } from "./gateway.js";
import { declaredEdges, edgeName, egressName } from "./needed-ports.js";
import { originOf, originsOf } from "./origin.js";
import type { TlsFiles } from "./tls-files.js";

export interface ProxyPlanInput {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  readonly settings: Settings;
  readonly version: number;
  /** Services known from the registry alone. They get a cluster with the default policy. Default: none. */
  readonly external?: readonly string[];
  /** Of the PEM files that the spec names. Default: it names none. */
  readonly tlsFiles?: TlsFiles;
}

/** A loopback connection is made at once or not at all; two seconds also bridge an external host's lost packet. */
const connectTimeoutMs = 2000;

export function compileProxyPlan(input: ProxyPlanInput): ProxyPlan {
  const { spec, settings, version } = input;
  const context = toContext(input);
  const gateway = settings.API_GATEWAY_ENABLED
    ? compileGateway({ ...context, toAction: (route) => routeAction(route, context) })
    : [];
  const mesh = settings.SERVICE_MESH_ENABLED ? [...compileEdges(context), ...compileEgress(context)] : [];
  return {
    format: 1,
    version,
    app: spec.name,
    listeners: [...gateway, ...mesh],
    clusters: Object.fromEntries(context.clusterNames.map((name) => [name, compileCluster(name, context)])),
    ...(spec.gateway.accessLog ? { accessLog: spec.gateway.accessLog } : {}),
  };
}

interface Context {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  readonly settings: Settings;
  readonly protocols: readonly "http1"[];
  readonly tlsFiles: TlsFiles;
  readonly services: ReadonlyMap<string, ServiceSpec>;
  /** Every name that traffic may be sent to. */
  readonly clusterNames: readonly string[];
}

function toContext({ spec, provenance, settings, external = [], tlsFiles = {} }: ProxyPlanInput): Context {
  const referred = [
    ...spec.services.map(({ name }) => name),
    ...declaredEdges(spec).map(({ callee }) => callee),
    ...spec.gateway.routes.flatMap(({ backendRefs, filters }) =>
      [...backendRefs, ...(filters?.mirrors ?? [])].map(({ name }) => name),
    ),
    ...external,
  ];
  return {
    spec,
    provenance,
    settings,
    tlsFiles,
    protocols: settings.REST_API_ENABLED ? ["http1"] : [],
    services: new Map(spec.services.map((service) => [service.name, service])),
    clusterNames: [...new Set(referred)],
  };
}

function compileEdges(context: Context): EdgeListenerPlan[] {
  const { spec, provenance, protocols } = context;
  return declaredEdges(spec).map(({ caller, callee, index }) => ({
    kind: "edge",
    name: edgeName(caller, callee),
    protocols,
    caller,
    callee,
    action: callAction(callee, caller, context),
    origin: originOf(provenance, `services.${caller}.calls[${index}]`),
  }));
}

function compileEgress(context: Context): EgressListenerPlan[] {
  const { spec, provenance, protocols, settings, clusterNames } = context;
  return spec.services.map(({ name, calls }) => {
    // Without caller identity nobody can be refused.
    const allowed = settings.SERVICE_AUTH_ENABLED && calls !== undefined ? calls : clusterNames;
    return {
      kind: "egress",
      name: egressName(name),
      protocols,
      caller: name,
      allowed: Object.fromEntries(allowed.map((callee) => [callee, callAction(callee, name, context)])),
      known: clusterNames,
      ...(settings.SERVICE_DISCOVERY_ENABLED ? {} : { namesDisabled: true as const }),
      origin: originOf(provenance, `services.${name}`),
    };
  });
}

/** A call from one service to another runs under the callee's policy, where the caller sets no other. */
function callAction(callee: string, caller: string | null, { services, provenance }: Context): RouteAction {
  const usual = services.get(callee)?.traffic ?? defaultTraffic;
  const callTraffic = (caller === null ? undefined : services.get(caller)?.callTraffic) ?? {};
  const own: CallTrafficSpec = Object.hasOwn(callTraffic, callee) ? (callTraffic[callee] ?? {}) : {};
  const base = `services.${callee}.traffic`;
  const at = (field: keyof CallTrafficSpec): string =>
    own[field] === undefined ? `${base}.${field}` : `services.${caller}.callTraffic.${callee}`;
  return {
    backends: [{ cluster: callee, weight: 1 }],
    requestTimeoutMs: own.requestTimeoutMs ?? usual.requestTimeoutMs,
    attemptTimeoutMs: own.attemptTimeoutMs ?? usual.attemptTimeoutMs,
    retry: mergeRetry(usual.retry, own.retry),
    ...hedgeOf(own.hedge ?? usual.hedge),
    ...compileFault(own.fault ?? usual.fault),
    ...(own.subset ? { subset: own.subset } : {}),
    ...originsOf(provenance, {
      requestTimeoutMs: at("requestTimeoutMs"),
      attemptTimeoutMs: at("attemptTimeoutMs"),
      retry: at("retry"),
      hedge: at("hedge"),
      fault: at("fault"),
      subset: at("subset"),
    }),
  };
}

/** The route's own values, else the policy of its first backend. */
function routeAction(route: RouteSpec, context: Context): RouteAction {
  const { name, backendRefs, filters, timeouts, retry, fault } = route;
  const usual = callAction(backendRefs[0]?.name ?? "", null, context);
  const own = `gateway.routes.${name}`;
  const { origins = {} } = originsOf(context.provenance, {
    ...(timeouts?.requestMs === undefined ? {} : { requestTimeoutMs: own }),
    ...(timeouts?.backendRequestMs === undefined ? {} : { attemptTimeoutMs: own }),
    ...(retry === undefined ? {} : { retry: own }),
    ...(fault === undefined ? {} : { fault: own }),
  });
  const merged = { ...usual.origins, ...origins };
  return {
    ...usual,
    backends: backendRefs.map(({ name: cluster, weight }) => ({ cluster, weight })),
    ...(filters ? { filters: toFilterPlan(filters) } : {}),
    requestTimeoutMs: timeouts?.requestMs ?? usual.requestTimeoutMs,
    attemptTimeoutMs: timeouts?.backendRequestMs ?? usual.attemptTimeoutMs,
    retry: mergeRetry(usual.retry, retry),
    ...compileFault(fault),
    ...(Object.keys(merged).length === 0 ? {} : { origins: merged }),
  };
}

function toFilterPlan({ mirrors, ...others }: RouteFilterSpec): FilterPlan {
  if (!mirrors) return others;
  return { ...others, mirrors: mirrors.map(({ name: cluster, share }) => ({ cluster, share })) };
}

function mergeRetry(usual: RetryPlan, own: Partial<RetryPlan> = {}): RetryPlan {
  return {
    attempts: own.attempts ?? usual.attempts,
    statuses: own.statuses ?? usual.statuses,
    backoffMs: own.backoffMs ?? usual.backoffMs,
  };
}

const hedgeOf = (hedge: HedgeSpec | undefined): Pick<RouteAction, "hedge"> => (hedge === undefined ? {} : { hedge });

function compileFault(fault: FaultSpec | undefined): { readonly fault?: FaultPlan } {
  if (fault === undefined) return {};
  const { delay, abort, until } = fault;
  return {
    fault: {
      delayMs: delay?.timeMs ?? 0,
      delayShare: (delay?.percentage ?? 0) / 100,
      abortStatus: abort?.status ?? 0,
      abortShare: (abort?.percentage ?? 0) / 100,
      untilEpochMs: Date.parse(until),
    },
  };
}

function compileCluster(name: string, { services, provenance, settings }: Context): ClusterPlan {
  const traffic = services.get(name)?.traffic ?? defaultTraffic;
  const { enabled, ...outlier } = traffic.outlier;
  const { enabled: breaks, ...breaker } = traffic.breaker;
  const guarded = settings.CIRCUIT_BREAKER_ENABLED;
  const written = `services.${name}.traffic`;
  return {
    name,
    loadBalancer: settings.LOAD_BALANCING_ENABLED ? traffic.loadBalancer : "first",
    ...(traffic.hashOn ? { hashOn: traffic.hashOn } : {}),
    ...(traffic.slowStartMs > 0 ? { slowStartMs: traffic.slowStartMs } : {}),
    ...(traffic.subset ? { subset: traffic.subset } : {}),
    ...(traffic.zone ? { zone: traffic.zone } : {}),
    ...(traffic.tunnelIdleMs === undefined ? {} : { tunnelIdleMs: traffic.tunnelIdleMs }),
    connectTimeoutMs,
    retryBudget: { ratio: traffic.retry.budgetRatio, minimum: traffic.retry.budgetMinimum },
    ...(enabled && guarded ? { outlier } : {}),
    ...(guarded ? { limits: traffic.limits } : {}),
    ...(breaks && guarded ? { breaker } : {}),
    origin: originOf(provenance, `services.${name}`),
    ...originsOf(provenance, {
      loadBalancer: `${written}.loadBalancer`,
      slowStartMs: `${written}.slowStartMs`,
      subset: `${written}.subset`,
      zone: `${written}.zone`,
      tunnelIdleMs: `${written}.tunnelIdleMs`,
      retryBudget: `${written}.retry`,
      outlier: `${written}.outlier`,
      limits: `${written}.limits`,
      breaker: `${written}.breaker`,
    }),
  };
}

// What a proxy worker runs: plain JSON, versioned, replaced as a whole, acknowledged or refused.
// The worker knows nothing else: no app spec, no services, only listeners, routes, clusters and endpoints.

/** Where in the spec a thing came from, for `explain`. */
export interface PlanOrigin {
  /** JSON path in the normalised spec. */
  readonly path: string;
  readonly file?: string;
  readonly line?: number;
}

export interface ProxyPlan {
  readonly format: 1;
  /** Counts up; a worker refuses one that is not newer than what it runs (same version: acknowledged again). */
  readonly version: number;
  readonly app: string;
  readonly listeners: readonly ListenerPlan[];
  /** By cluster name (= service name). */
  readonly clusters: Readonly<Record<string, ClusterPlan>>;
}

/**
 * - gateway: traffic from outside; routes by match precedence.
 * - edge: one declared (caller, callee) pair; every request goes to the one cluster.
 * - egress: one forward proxy per caller; the cluster is named by an absolute-form target or the Host header.
 */
export type ListenerPlan = GatewayListenerPlan | EdgeListenerPlan | EgressListenerPlan;

interface ListenerBase {
  /** Unique and stable: the keeper's socket is found by it. `gateway/<host>:<port>` (`gateway/<name>` for port 0), `edge/<caller>/<callee>`, `egress/<caller>`. */
  readonly name: string;
  /** Protocols accepted. Empty: every request is answered 503 PROTOCOL_DISABLED. */
  readonly protocols: readonly "http1"[];
  readonly origin?: PlanOrigin;
}

export interface GatewayListenerPlan extends ListenerBase {
  readonly kind: "gateway";
  /** `*.example.com` or a name; absent: any. */
  readonly hostname?: string;
  /** Sorted by precedence: the first that matches wins. */
  readonly routes: readonly RouteEntry[];
}

export interface EdgeListenerPlan extends ListenerBase {
  readonly kind: "edge";
  readonly caller: string;
  readonly callee: string;
  readonly action: RouteAction;
}

export interface EgressListenerPlan extends ListenerBase {
  readonly kind: "egress";
  readonly caller: string;
  /** Clusters that this caller may reach, by name; absent name: refused with CALL_NOT_DECLARED or UNKNOWN_SERVICE. */
  readonly allowed: Readonly<Record<string, RouteAction>>;
  /** Every known cluster name, to tell "not declared" from "unknown" in the refusal. */
  readonly known: readonly string[];
}

/** One match of one route, flattened: a route with three matches is three entries. */
export interface RouteEntry {
  readonly route: string;
  readonly hostnames: readonly string[];
  readonly path: { readonly type: "Exact" | "PathPrefix"; readonly value: string };
  readonly method?: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly queryParams: readonly { readonly name: string; readonly value: string }[];
  readonly action: RouteAction;
  readonly origin?: PlanOrigin;
}

export interface RouteAction {
  /** Never empty; weights >= 0, not all 0 unless the route is meant to answer 500. */
  readonly backends: readonly { readonly cluster: string; readonly weight: number }[];
  /** 0: none. */
  readonly requestTimeoutMs: number;
  /** 0: none. */
  readonly attemptTimeoutMs: number;
  readonly retry: RetryPlan;
}

export interface RetryPlan {
  /** Further attempts after the first; 0: never. */
  readonly attempts: number;
  readonly statuses: readonly number[];
  readonly backoffMs: number;
}

export interface ClusterPlan {
  readonly name: string;
  /** `first`: the first usable endpoint only (load balancing switched off). */
  readonly loadBalancer: "round-robin" | "least-request" | "first";
  readonly connectTimeoutMs: number;
  readonly retryBudget: { readonly ratio: number; readonly minimum: number };
  /** Absent: no ejection. */
  readonly outlier?: {
    readonly consecutiveFailures: number;
    readonly baseEjectionMs: number;
    readonly maxEjectionMs: number;
  };
  /** The worker itself answers 204: a target for probes, behind the same routing and policy as every other. */
  readonly builtIn?: true;
  readonly origin?: PlanOrigin;
}

/** Separately versioned, because it changes far more often than the plan. */
export interface EndpointTable {
  readonly format: 1;
  readonly version: number;
  /** By cluster name. A cluster that is missing here has no endpoint. */
  readonly clusters: Readonly<Record<string, readonly Endpoint[]>>;
}

export interface Endpoint {
  /** Instance id, or the registry's id of an external one. */
  readonly id: string;
  /** Tells one life of an instance from the next, so that counts and ejections of the old one are not inherited. */
  readonly epoch: string;
  readonly address: string;
  readonly port: number;
  /** Default 1. */
  readonly weight?: number;
  /** `draining`: takes no new request, finishes those in flight. */
  readonly state: "ready" | "draining";
}

// What a proxy worker runs: plain JSON, versioned, replaced as a whole, acknowledged or refused.
// The worker knows nothing else: no app spec, no services, only listeners, routes, clusters and endpoints.

import type { AccessLogField } from "../base/access-log-fields.js";

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
  /** Absent: none is written. */
  readonly accessLog?: AccessLogPlan;
}

export interface AccessLogPlan {
  /** Share of the requests, above 0, to 1; answers of 500 and above are always written. */
  readonly sample: number;
  readonly fields: readonly AccessLogField[];
  /** The path with its query. */
  readonly query: boolean;
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
  /** What clients reach it on, for redirects; absent: as the request says. */
  readonly port?: number;
  /** Terminated here; absent: plain. Each section with a certificate is found by the name that the client asks for. */
  readonly tls?: { readonly certificates: readonly CertificatePlan[] };
  /**
   * Listeners of the Gateway API that share this socket. A request belongs to the one whose hostname is the most
   * specific that matches, and is routed by that one's routes alone. Absent: one, with `hostname`.
   */
  readonly sections?: readonly ListenerSection[];
  /** Sorted by precedence: the first that matches wins. */
  readonly routes: readonly RouteEntry[];
}

export interface CertificatePlan {
  readonly section: string;
  /** Name of a file with certificate chain and key, PEM, beside the worker's sockets: `<hash>.pem`. */
  readonly file: string;
}

export interface ListenerSection {
  /** Unique in the listener. */
  readonly name: string;
  /** `*.example.com` or a name; absent: any. */
  readonly hostname?: string;
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
  /** Discovery is switched off: every name is refused with DISCOVERY_DISABLED. */
  readonly namesDisabled?: true;
}

/** One match of one route, flattened: a route with three matches is three entries. */
export interface RouteEntry {
  readonly route: string;
  /** Of the route, as the Gateway API names rules; for people. */
  readonly rule?: string;
  /** Name of the listener's section that it belongs to; absent where the listener has none. */
  readonly section?: string;
  readonly hostnames: readonly string[];
  readonly path: PathMatchPlan;
  readonly method?: string;
  /** All of them. */
  readonly headers: readonly FieldMatchPlan[];
  /** All of them. */
  readonly queryParams: readonly FieldMatchPlan[];
  readonly action: RouteAction;
  readonly origin?: PlanOrigin;
}

export interface PathMatchPlan {
  /** RegularExpression: the whole path, in the syntax of base/linear-regex. */
  readonly type: "Exact" | "PathPrefix" | "RegularExpression";
  /** Begins with `/` unless it is a regular expression. */
  readonly value: string;
}

export interface FieldMatchPlan {
  /** Absent: Exact. RegularExpression: the whole value, in the syntax of base/linear-regex. */
  readonly type?: "Exact" | "RegularExpression";
  readonly name: string;
  readonly value: string;
}

export interface RouteAction {
  /** None, or all of weight 0: answered 500, unless a filter answers before. */
  readonly backends: readonly BackendPlan[];
  /** Before a backend is chosen. */
  readonly filters?: FilterPlan;
  /** 0: none. */
  readonly requestTimeoutMs: number;
  /** 0: none. */
  readonly attemptTimeoutMs: number;
  readonly retry: RetryPlan;
  /** A safe request without a body goes to a second endpoint, too, when there is no answer after so long. */
  readonly hedge?: { readonly afterMs: number };
  /** Injected on purpose. */
  readonly fault?: FaultPlan;
  /** In place of the cluster's own. */
  readonly subset?: SubsetPlan;
  /** Of the policies that the spec sets, by field of this action; a field that is not here has its default. */
  readonly origins?: Readonly<Record<string, PlanOrigin>>;
}

export interface SubsetPlan {
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where no usable endpoint is in it. */
  readonly fallback: "any" | "none";
}

export interface BackendPlan {
  readonly cluster: string;
  /** >= 0 */
  readonly weight: number;
  /** Why it cannot be used, in words: its share of the requests is answered 500, and `cluster` need not exist. */
  readonly unresolved?: string;
  /** After the route's own. */
  readonly filters?: FilterPlan;
}

/** What is done with a request on its way, and with its answer; in the order of the fields. */
export interface FilterPlan {
  readonly cors?: CorsPlan;
  /** Answers; nothing is forwarded. */
  readonly redirect?: RedirectPlan;
  readonly rewrite?: RewritePlan;
  readonly requestHeaders?: HeaderEditPlan;
  readonly responseHeaders?: HeaderEditPlan;
  readonly mirrors?: readonly MirrorPlan[];
}

/** Set, then add, then remove; names in any spelling. Never framing, hop-by-hop fields or Host. */
export interface HeaderEditPlan {
  readonly set: readonly HeaderFieldPlan[];
  readonly add: readonly HeaderFieldPlan[];
  readonly remove: readonly string[];
}

export interface HeaderFieldPlan {
  readonly name: string;
  readonly value: string;
}

export type PathEditPlan =
  | { readonly type: "ReplaceFullPath"; readonly value: string }
  /** Of an entry whose path is a PathPrefix: what it matched is replaced. */
  | { readonly type: "ReplacePrefixMatch"; readonly value: string };

/** What is absent stays as the request has it. */
export interface RedirectPlan {
  readonly scheme?: "http" | "https";
  readonly hostname?: string;
  /** Absent: the scheme's own where a scheme is given, else the listener's. */
  readonly port?: number;
  readonly path?: PathEditPlan;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

export interface RewritePlan {
  readonly hostname?: string;
  readonly path?: PathEditPlan;
}

/** A copy of the request, whose answer nobody waits for. */
export interface MirrorPlan {
  readonly cluster: string;
  /** Share of the requests, 0 to 1. */
  readonly share: number;
}

export interface CorsPlan {
  /** `https://shop.example`, `https://*.shop.example`, `*`. Never empty. */
  readonly allowOrigins: readonly string[];
  /** `*`: every one. */
  readonly allowMethods: readonly string[];
  /** `*`: every one. */
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAgeSeconds: number;
}

export interface FaultPlan {
  /** 0: none. */
  readonly delayMs: number;
  /** Of the requests, 0 to 1. */
  readonly delayShare: number;
  /** 0: none. */
  readonly abortStatus: number;
  /** Of the requests, 0 to 1. */
  readonly abortShare: number;
  /** Wall time at which it ends by itself. */
  readonly untilEpochMs: number;
}

export interface RetryPlan {
  /** Further attempts after the first; 0: never. */
  readonly attempts: number;
  readonly statuses: readonly number[];
  readonly backoffMs: number;
  /** Only a request of which nothing was sent: a connection that could not be made. */
  readonly unsentOnly?: true;
}

export interface ClusterPlan {
  readonly name: string;
  /** `first`: the first usable endpoint only (load balancing switched off). */
  readonly loadBalancer: "round-robin" | "random" | "least-request" | "peak-ewma" | "ring-hash" | "maglev" | "first";
  /** What ring-hash and maglev keep together. Absent: the client's address. */
  readonly hashOn?: HashOnPlan;
  /** A new endpoint gets a share of its weight that grows for so long; ring-hash and maglev have none. Absent: 0. */
  readonly slowStartMs?: number;
  readonly connectTimeoutMs: number;
  /** What its endpoints are spoken to in. Absent: http1. A plan with http2 is refused: there is no codec for it yet. */
  readonly protocol?: "http1" | "http2";
  /** Its endpoints are spoken to over TLS, and verified. Absent: plain. */
  readonly tls?: UpstreamTlsPlan;
  readonly retryBudget: { readonly ratio: number; readonly minimum: number };
  /** Absent: no ejection. */
  readonly outlier?: {
    readonly consecutiveFailures: number;
    /** 502, 503, 504 and failures without an answer. Absent: counted as any failure. */
    readonly consecutiveGatewayErrors?: number;
    /** Of the two comparisons below. Absent: 10000. */
    readonly intervalMs?: number;
    /** Absent: not compared. `threshold` 0 to 1. */
    readonly failurePercentage?: {
      readonly threshold: number;
      readonly minimumHosts: number;
      readonly minimumRequests: number;
    };
    /** Absent: not compared. */
    readonly successRate?: {
      readonly deviations: number;
      readonly minimumHosts: number;
      readonly minimumRequests: number;
    };
    readonly baseEjectionMs: number;
    readonly maxEjectionMs: number;
  };
  /** Absent: none. */
  readonly limits?: LimitsPlan;
  /** Absent: none. */
  readonly breaker?: BreakerPlan;
  /** Endpoints that have all of these; absent: every one. */
  readonly subset?: SubsetPlan;
  /** Endpoints of this zone first, as long as this share of them is usable; those without a zone are in it. */
  readonly zone?: { readonly zone: string; readonly minimumHealthy: number };
  /** A tunnel without a word from either side for so long is closed; 0: never. Absent: 3600000. */
  readonly tunnelIdleMs?: number;
  /** The worker itself answers 204: a target for probes, behind the same routing and policy as every other. */
  readonly builtIn?: true;
  readonly origin?: PlanOrigin;
  /** Of the policies that the spec sets, by field of this plan; a field that is not here has its default. */
  readonly origins?: Readonly<Record<string, PlanOrigin>>;
}

export interface UpstreamTlsPlan {
  /** DNS name: asked for, and what the endpoint's certificate must be for. */
  readonly serverName: string;
  /** Authorities to trust, PEM, beside the worker's sockets: `<hash>.pem`. Absent: those that Node.js trusts. */
  readonly ca?: string;
  /** Shown to the endpoint: certificate chain and key, PEM, `<hash>.pem`. Absent: none. */
  readonly clientCertificate?: string;
}

/** A request without such a header or cookie goes anywhere. */
export type HashOnPlan =
  /** `name` in lower case. */
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "source" };

/** Of one worker; 0: none. */
export interface LimitsPlan {
  /** To one endpoint at a time. HTTP/1.1: as many requests. */
  readonly connections: number;
  /** Requests that wait for one of those connections. 0: none waits. */
  readonly pending: number;
  /** To the cluster at a time, waiting ones included. */
  readonly requests: number;
  /** Requests at a time that are in a further attempt. */
  readonly retries: number;
  /** To the cluster at a time, found out from its latency. Absent: off. */
  readonly adaptive?: { readonly min: number; readonly max: number; readonly tolerance: number };
}

export interface BreakerPlan {
  /** Share of failures that opens it, above 0, to 1. */
  readonly failureRatio: number;
  readonly minimumRequests: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly rampMs: number;
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
  /** Default: none. */
  readonly tags?: readonly string[];
  /** Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** `draining`: takes no new request, finishes those in flight. */
  readonly state: "ready" | "draining";
}

// The app spec after parsing: defaults filled in, short forms expanded, names checked. Plain JSON, the one thing that
// every way in (file, SDK, command line) patches. Only compile/, control/ and the faces read it; drivers never do.

import type { AccessLogField } from "../base/access-log-fields.js";
import type { Settings } from "./settings.js";

export type Command =
  | { readonly kind: "shell"; readonly command: string }
  | { readonly kind: "exec"; readonly argv: readonly string[] };

export type ProbeCheck =
  | {
      readonly kind: "http";
      /** Path with optional query, begins with `/`. */
      readonly path: string;
      /** Default: the instance's own PORT. */
      readonly port?: number;
      /** Statuses that pass; default 200-399. */
      readonly statuses?: readonly [from: number, to: number];
    }
  | { readonly kind: "tcp"; readonly port?: number }
  | { readonly kind: "command"; readonly command: Command };

/** Kubernetes' names; milliseconds where Kubernetes has seconds. */
export interface ProbeSpec {
  readonly check: ProbeCheck;
  /** Default 10000. The startup probe runs every 100 ms until its first success whatever is said here. */
  readonly periodMs: number;
  /** Default 1000. */
  readonly timeoutMs: number;
  /** Consecutive successes that make a failing probe pass. Default 1. */
  readonly successThreshold: number;
  /** Consecutive failures that make it fail. Default 3. */
  readonly failureThreshold: number;
}

export interface HealthSpec {
  /** Default: tcp on PORT, owned by the instance's processes. */
  readonly startup: ProbeSpec;
  /** Time to the first success of the startup probe. Default 60000. */
  readonly startupLimitMs: number;
  /** Absent: the process being alive. Failing restarts the instance. */
  readonly liveness?: ProbeSpec;
  /** Default: the startup check. Failing takes the instance out of load balancing. */
  readonly readiness: ProbeSpec;
}

export interface SloSpec {
  /** Objective for the latency percentile, milliseconds. */
  readonly latencyMs?: number;
  /** Percentile that latencyMs is about, 0-100. Default 95. */
  readonly percentile: number;
  /** Share of requests that must not fail, 0-1. Default 0.99. */
  readonly availability: number;
}

export type LoadBalancerKind = "round-robin" | "random" | "least-request" | "peak-ewma" | "ring-hash" | "maglev";

/** What `ring-hash` and `maglev` keep at one instance. Header names are lower case. */
export type HashOnSpec =
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "cookie"; readonly name: string }
  | { readonly kind: "source" };

/** Traffic policy of calls to a service; a route or an edge may override the timeouts and the retries. */
export interface TrafficSpec {
  /** Default least-request. */
  readonly loadBalancer: LoadBalancerKind;
  /** Of ring-hash and maglev alone. Default: the client's address. */
  readonly hashOn?: HashOnSpec;
  /** A new instance gets a share of its weight that grows for so long. Default 0: all of it at once. */
  readonly slowStartMs: number;
  /** Whole exchange, all attempts. Default 15000. 0 switches it off. */
  readonly requestTimeoutMs: number;
  /** One attempt, to its response's headers. Default 0: bounded by the whole alone. */
  readonly attemptTimeoutMs: number;
  readonly retry: RetrySpec;
  readonly outlier: OutlierSpec;
  readonly limits: LimitsSpec;
  readonly breaker: BreakerSpec;
  /** A safe request without a body goes to a second instance, too, when there is no answer after so long. Default: off. */
  readonly hedge?: HedgeSpec;
  readonly fault?: FaultSpec;
  /** Default: every instance. */
  readonly subset?: SubsetSpec;
  /** Default: the zones of instances do not matter. */
  readonly zone?: ZoneSpec;
  /** A WebSocket in which neither side says anything for so long is closed. Default 3600000. */
  readonly tunnelIdleMs?: number;
}

/** Instances that have all of these. */
export interface SubsetSpec {
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where no usable instance is in it. Default any. */
  readonly fallback: "any" | "none";
}

export interface ZoneSpec {
  /** Of `zone` in an instance's metadata; the app's own instances are in it. */
  readonly zone: string;
  /** Share of the zone's instances that must be usable, 0 to 1. Default 0.7. */
  readonly minimumHealthy: number;
}

export interface HedgeSpec {
  readonly afterMs: number;
}

/** What a caller, or a route, has instead of the callee's own policy. */
export interface CallTrafficSpec {
  readonly requestTimeoutMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly retry?: Partial<Pick<RetrySpec, "attempts" | "statuses" | "backoffMs">>;
  readonly hedge?: HedgeSpec;
  readonly fault?: FaultSpec;
  readonly subset?: SubsetSpec;
}

/** Injected on purpose, until a time that is set with it. */
export interface FaultSpec {
  readonly delay?: { readonly timeMs: number /** Of the requests, 0 to 100. */; readonly percentage: number };
  readonly abort?: { readonly status: number /** Of the requests, 0 to 100. */; readonly percentage: number };
  /** RFC 3339. */
  readonly until: string;
}

/** Of each proxy worker. 0: no limit (but `pending`: nothing waits). */
export interface LimitsSpec {
  /** Requests to one instance at a time. Default 1024. */
  readonly connections: number;
  /** Requests that wait for an instance with room. Default 1024. */
  readonly pending: number;
  /** Requests to the service at a time, waiting ones included. Default 0. */
  readonly requests: number;
  /** Requests at a time that are in a further attempt. Default 0: the retry budget bounds them. */
  readonly retries: number;
  /** To the service at a time, found out from its latency. Default: off. */
  readonly adaptive?: AdaptiveLimitSpec;
}

export interface AdaptiveLimitSpec {
  /** Default 4. */
  readonly min: number;
  /** Default 1000. */
  readonly max: number;
  /** Latency up to so many times the lowest measured is no reason to take fewer. Default 2. */
  readonly tolerance: number;
}

export interface BreakerSpec {
  /** Default false. */
  readonly enabled: boolean;
  /** Share of failures that opens it. Default 0.5. */
  readonly failureRatio: number;
  /** Answers within the window below which nothing is decided. Default 20. */
  readonly minimumRequests: number;
  /** Default 10000. */
  readonly windowMs: number;
  /** First time for which nothing is let through; doubles up to maxOpenMs. Default 5000. */
  readonly openMs: number;
  /** Default 60000. */
  readonly maxOpenMs: number;
  /** Recovery, a growing share of the requests. Default 10000. */
  readonly rampMs: number;
}

export interface RetrySpec {
  /** Further attempts after the first. Default 2. 0 switches retries off. */
  readonly attempts: number;
  /** Statuses of an idempotent request's answer that are tried again. Default [502, 503, 504]. */
  readonly statuses: readonly number[];
  /** First backoff, doubling with full jitter. Default 25. */
  readonly backoffMs: number;
  /** Retries may be at most this share of the requests of the last ten seconds ... Default 0.2. */
  readonly budgetRatio: number;
  /** ... or this many a second, whichever is more. Default 10. */
  readonly budgetMinimum: number;
}

export interface OutlierSpec {
  /** Default true. */
  readonly enabled: boolean;
  /** Consecutive failures (connect errors, resets, 5xx) that eject. Default 5. */
  readonly consecutiveFailures: number;
  /** First ejection; doubles each time up to maxEjectionMs. Default 5000. */
  readonly baseEjectionMs: number;
  /** Default 300000. */
  readonly maxEjectionMs: number;
  /** Consecutive gateway errors (502, 503, 504, no answer) that eject. Default: counted as any failure. */
  readonly consecutiveGatewayErrors?: number;
  /** How often the instances are compared. Default 10000. */
  readonly intervalMs: number;
  /** Default: not compared. `threshold` 0 to 1. */
  readonly failurePercentage?: {
    readonly threshold: number;
    readonly minimumHosts: number;
    readonly minimumRequests: number;
  };
  /** Default: not compared. */
  readonly successRate?: {
    readonly deviations: number;
    readonly minimumHosts: number;
    readonly minimumRequests: number;
  };
}

/** Files of PEM text, relative to the app folder or absolute. */
export interface CertificateSpec {
  /** The certificate, then its chain. */
  readonly certificate: string;
  /** Absent: the key is in the certificate's file. */
  readonly key?: string;
}

export interface ServiceSpec {
  readonly name: string;
  readonly language?: string;
  readonly framework?: string;
  readonly dependencies: readonly string[];
  /** Relative to the app folder, or absolute. Default: the app folder. */
  readonly path: string;
  readonly build?: Command;
  /** Run once before the first instance of a revision starts: migrations. */
  readonly setup?: Command;
  /** Absent only for a service whose code Tusk creates. */
  readonly run?: Command;
  /** Values may hold `${VAR}` and `${VAR:-default}`, resolved from .env files and the environment at compile time. */
  readonly env: Readonly<Record<string, string>>;
  /** Relative to `path`; absent files are errors unless it is the implicit `.env`. */
  readonly envFiles: readonly string[];
  /** Undefined: undeclared, everything may be called. [] : nothing may. */
  readonly calls?: readonly string[];
  /** By callee: in place of the callee's own policy. */
  readonly callTraffic?: Readonly<Record<string, CallTrafficSpec>>;
  readonly startAfter: readonly string[];
  /** 0 to 100. Default 1. */
  readonly replicas: number;
  readonly health: HealthSpec;
  readonly slo: SloSpec;
  readonly traffic: TrafficSpec;
  /** From SIGTERM to SIGKILL. Default 10000. */
  readonly stopGraceMs: number;
  /** Longest wait for requests in flight before SIGTERM. Default 5000. */
  readonly drainMs: number;
}

export type PathMatch =
  | { readonly type: "Exact"; readonly value: string }
  | { readonly type: "PathPrefix"; readonly value: string }
  /** The whole path, in the syntax of base/regex. */
  | { readonly type: "RegularExpression"; readonly value: string };

export interface NameValueMatch {
  /** Absent: the same value. RegularExpression: the whole value, in the syntax of base/regex. */
  readonly type?: "RegularExpression";
  /** Header names are lower case. */
  readonly name: string;
  readonly value: string;
}

/** All parts must hold. */
export interface RouteMatch {
  readonly path: PathMatch;
  readonly method?: string;
  readonly headers: readonly NameValueMatch[];
  readonly queryParams: readonly NameValueMatch[];
}

export interface BackendRef {
  /** A service of this app, or an external service in the registry. */
  readonly name: string;
  /** Default 1. 0 sends nothing. */
  readonly weight: number;
}

/** The filters of the Gateway API, one of each. */
export interface RouteFilterSpec {
  readonly cors?: CorsSpec;
  /** Excludes `rewrite`. */
  readonly redirect?: {
    readonly scheme?: "http" | "https";
    readonly hostname?: string;
    readonly port?: number;
    readonly path?: PathEditSpec;
    readonly status: 301 | 302 | 303 | 307 | 308;
  };
  readonly rewrite?: { readonly hostname?: string; readonly path?: PathEditSpec };
  readonly requestHeaders?: HeaderEditSpec;
  readonly responseHeaders?: HeaderEditSpec;
  /** Services that get a copy. `share`: of the requests, 0 to 1. */
  readonly mirrors?: readonly { readonly name: string; readonly share: number }[];
}

/** Set, then add, then remove. */
export interface HeaderEditSpec {
  readonly set: readonly { readonly name: string; readonly value: string }[];
  readonly add: readonly { readonly name: string; readonly value: string }[];
  readonly remove: readonly string[];
}

export interface PathEditSpec {
  /** ReplacePrefixMatch needs matches of type PathPrefix. */
  readonly type: "ReplaceFullPath" | "ReplacePrefixMatch";
  readonly value: string;
}

export interface CorsSpec {
  /** Never empty. */
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  /** Default 5. */
  readonly maxAgeSeconds: number;
}

/** One HTTPRoute rule in Gateway API terms. */
export interface RouteSpec {
  /** Unique in the app. Default `<service>` or `<service>-<n>`. */
  readonly name: string;
  /** Listener names; empty: all. */
  readonly listeners: readonly string[];
  /** `shop.local`, `*.shop.local`; empty: all. */
  readonly hostnames: readonly string[];
  /** Any of them. Never empty. */
  readonly matches: readonly RouteMatch[];
  /** Empty only where `filters` redirects. */
  readonly backendRefs: readonly BackendRef[];
  /** Absent: requests and answers pass as they are. */
  readonly filters?: RouteFilterSpec;
  readonly timeouts?: { readonly requestMs?: number; readonly backendRequestMs?: number };
  readonly retry?: Partial<RetrySpec>;
  readonly fault?: FaultSpec;
}

export interface ListenerSpec {
  readonly name: string;
  /** Default 127.0.0.1. */
  readonly host: string;
  /** 0 takes any free port. Default 8080. */
  readonly port: number;
  /** Listeners with different ones may share a port. */
  readonly hostname?: string;
  /** Absent: plain. Never empty: each client gets the one for the name that it asks for. */
  readonly tls?: readonly CertificateSpec[];
}

export interface GatewaySpec {
  /** Empty when nothing is exposed (no routes and no gateway key). */
  readonly listeners: readonly ListenerSpec[];
  readonly routes: readonly RouteSpec[];
  /** Proxy workers, 1 to 64. Absent: 1. */
  readonly workers?: number;
  /** Absent: none. */
  readonly accessLog?: AccessLogSpec;
}

/** One line for a request, of gateway and mesh. */
export interface AccessLogSpec {
  /** Share of the requests, above 0, to 1. Default 1. Answers of 500 and above are always written. */
  readonly sample: number;
  /** Default: all. */
  readonly fields: readonly AccessLogField[];
  /** The path with its query, which may hold secrets. Default false. */
  readonly query: boolean;
}

export interface AppSpec {
  readonly name: string;
  /** Only what the spec says; the effective settings are resolved from defaults, spec and environment. */
  readonly settings: Partial<Settings>;
  readonly services: readonly ServiceSpec[];
  readonly gateway: GatewaySpec;
}

/** Where a spec entry was written. Keys are JSON paths of the *normalised* spec: `services.users.replicas`, `gateway.routes.users`. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
export type Provenance = Readonly<Record<string, SourcePlace>>;

export interface ParsedSpec {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
}

// Two protocols of newline-delimited JSON on Unix sockets, one request or notice a line.
// Keeper socket: the controller tells which sockets to hold and how many workers to run.
// Worker socket: any controller tells the plan and the endpoints, and asks for counts.

import type { LatencyHistogram } from "../base/latency-histogram.js";
import type { EndpointTable, ProxyPlan } from "../plan/proxy-plan.js";

export type { LatencyHistogram };

/** A request has an `id`, its answer the same `id`; a line without `id` is a notice. */
export interface Envelope<Body> {
  readonly id?: number;
  readonly body: Body;
}

export interface ListenRequest {
  readonly name: string;
  readonly host: string;
  /** 0: any free port; the one taken is kept for the life of the keeper. */
  readonly port: number;
}

export type ListenResult =
  | { readonly name: string; readonly ok: true; readonly port: number }
  | {
      readonly name: string;
      readonly ok: false;
      readonly code: "EADDRINUSE" | "EACCES" | "EADDRNOTAVAIL" | "EINVAL";
      readonly message: string;
    };

export interface WorkerInfo {
  readonly slot: number;
  readonly pid: number;
  readonly startTicks: number;
  /** Path of the worker's Unix socket. */
  readonly socket: string;
  readonly state: "starting" | "serving" | "draining";
}

export type KeeperRequest =
  /** First line of a controller. The keeper remembers it as the controller to watch; `restart` (argv) is what it runs when that dies, null: nothing. */
  | {
      readonly type: "hello";
      readonly pid: number;
      readonly startTicks: number;
      readonly restart: readonly string[] | null;
    }
  /** The whole wanted set: missing ones are bound, others closed. One that cannot be bound leaves the rest as they are. Answered after every worker holds the new sockets. */
  | { readonly type: "listen"; readonly listeners: readonly ListenRequest[] }
  | { readonly type: "workers"; readonly count: number }
  /** Starts another worker beside the one that serves this slot; answered when it serves, or does not within `limitMs`. Both accept until `settle`, or for a minute. */
  | { readonly type: "renew"; readonly slot: number; readonly limitMs: number }
  /** Ends one of the two, within `drainMs`. Answered when it is gone. */
  | { readonly type: "settle"; readonly slot: number; readonly keep: "new" | "old"; readonly drainMs: number }
  | { readonly type: "status" }
  /** Ends the workers (each within `drainMs`), closes the sockets, exits. Answered before it exits. */
  | { readonly type: "shutdown"; readonly drainMs: number };

export type KeeperAnswer =
  | {
      readonly type: "hello";
      readonly keeperPid: number;
      readonly workers: readonly WorkerInfo[];
      readonly listeners: readonly ListenResult[];
    }
  | { readonly type: "listen"; readonly results: readonly ListenResult[] }
  | { readonly type: "workers"; readonly workers: readonly WorkerInfo[] }
  | { readonly type: "renew"; readonly worker: WorkerInfo; readonly previous: WorkerInfo }
  /** The worker before it serves on. */
  | { readonly type: "not-renewed"; readonly reason: string }
  | { readonly type: "settle" }
  | {
      readonly type: "status";
      readonly keeperPid: number;
      readonly controllerPid: number | null;
      readonly workers: readonly WorkerInfo[];
      readonly listeners: readonly ListenResult[];
    }
  | { readonly type: "shutdown" }
  | { readonly type: "error"; readonly message: string };

export type KeeperNotice =
  | {
      readonly type: "worker-started";
      readonly worker: WorkerInfo;
      readonly replaces: number | null;
      /** The controller asked for it. */
      readonly planned?: true;
    }
  | {
      readonly type: "worker-exited";
      readonly slot: number;
      readonly pid: number;
      readonly code: number | null;
      readonly signal: string | null;
      /** The controller asked for it. */
      readonly planned?: true;
    }
  | { readonly type: "controller-restarted"; readonly previousPid: number; readonly pid: number }
  /** Said to the first controller that connects after a succession. */
  | { readonly type: "keeper-succeeded"; readonly previousPid: number; readonly pid: number };

export type WorkerRequest =
  | { readonly type: "plan"; readonly plan: ProxyPlan }
  | { readonly type: "endpoints"; readonly table: EndpointTable }
  /** Answered when no request is in flight to this endpoint any more, or after limitMs. */
  | { readonly type: "await-drained"; readonly endpoint: string; readonly epoch: string; readonly limitMs: number }
  /** A readiness probe of an instance by HTTP passed, begun at that time. */
  | {
      readonly type: "probe-passed";
      readonly cluster: string;
      readonly endpoint: string;
      readonly epoch: string;
      readonly begunAtEpochMs: number;
    }
  | { readonly type: "stats" }
  /** Requests that are over, by request id or trace id. */
  | { readonly type: "recorded"; readonly id: string }
  | {
      readonly type: "explain";
      readonly listener: string;
      readonly method: string;
      readonly target: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly type: "status" };

export type WorkerAnswer =
  | { readonly type: "acknowledged"; readonly planVersion: number; readonly endpointsVersion: number }
  | {
      readonly type: "refused";
      readonly planVersion: number;
      readonly endpointsVersion: number;
      readonly problems: readonly string[];
    }
  | { readonly type: "drained"; readonly inFlight: number }
  | { readonly type: "noted" }
  | { readonly type: "stats"; readonly stats: WorkerStats }
  | { readonly type: "recorded"; readonly requests: readonly RequestRecord[] }
  | { readonly type: "explain"; readonly explanation: RequestExplanation }
  | {
      readonly type: "status";
      readonly pid: number;
      readonly planVersion: number;
      readonly endpointsVersion: number;
      readonly inFlight: number;
      readonly listeners: readonly string[];
    }
  | { readonly type: "error"; readonly message: string };

/** Sent to every connected controller. */
export type WorkerNotice =
  | {
      readonly type: "ejected";
      readonly cluster: string;
      readonly endpoint: string;
      readonly epoch: string;
      readonly untilEpochMs: number;
      readonly reason: string;
    }
  | {
      readonly type: "returned";
      readonly cluster: string;
      readonly endpoint: string;
      readonly epoch: string;
      readonly reason: string;
    }
  /** A traffic policy began or ceased to act. */
  | {
      readonly type: "policy";
      readonly kind: PolicyNoticeKind;
      readonly cluster: string;
      readonly reason: string;
    };

export type PolicyNoticeKind =
  | "breaker.opened"
  | "breaker.recovering"
  | "breaker.closed"
  /** The first of a spell of refusals; the others are only counted. */
  | "limit.reached"
  /** No refusal for a while. */
  | "limit.eased"
  | "fault.injected"
  /** Its time is over, or a plan took it back. */
  | "fault.ended";

/** Cumulative since the worker began, so that a controller that was away misses no count. */
export interface WorkerStats {
  readonly pid: number;
  readonly startTicks: number;
  readonly edges: readonly EdgeStats[];
  readonly endpoints: readonly EndpointStats[];
}

/** One line per (caller, callee, protocol); caller `gateway` for traffic from outside. Bounded: at most callers × callees lines. */
export interface EdgeStats {
  readonly caller: string;
  readonly callee: string;
  readonly requests: number;
  /** Answers by class, `2xx` … `5xx`, and `none` for a client that left first. */
  readonly statusClasses: Readonly<Record<string, number>>;
  /** 5xx answers and requests that got none. */
  readonly errors: number;
  readonly retries: number;
  /** Retries wanted and refused by the budget. */
  readonly retriesDenied: number;
  /** Refused by the proxy itself, by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** WebSockets that were opened. */
  readonly tunnels: number;
  /** Of those, open now. */
  readonly tunnelsOpen: number;
  /** Time to the end of the answer, as a cumulative log-scale histogram (see base/latency-histogram). */
  readonly latency: LatencyHistogram;
}

export interface EndpointStats {
  readonly cluster: string;
  readonly endpoint: string;
  readonly epoch: string;
  readonly requests: number;
  readonly failures: number;
  readonly inFlight: number;
  readonly ejectedUntilEpochMs: number | null;
  readonly ejections: number;
}

export interface RequestExplanation {
  readonly listener: string;
  /** What would happen: the route and cluster, or the refusal. */
  readonly outcome:
    | { readonly kind: "forward"; readonly route: string; readonly cluster: string }
    /** By a filter: a redirect or a CORS preflight. */
    | { readonly kind: "answer"; readonly route: string; readonly status: number; readonly reason: string }
    | { readonly kind: "refuse"; readonly status: number; readonly code: string; readonly reason: string };
  /** What the route and the backend do to request and answer, in words; absent: nothing. */
  readonly filters?: readonly string[];
  /** Every route looked at, in order, and why it lost or won. */
  readonly routes: readonly {
    readonly route: string;
    readonly match: string;
    readonly result: "chosen" | "lost" | "shadowed";
    readonly reason: string;
    readonly origin?: { readonly path: string; readonly file?: string; readonly line?: number };
  }[];
  readonly endpoints: readonly {
    readonly id: string;
    readonly address: string;
    readonly usable: boolean;
    readonly reason: string;
    readonly inFlight: number;
  }[];
  readonly policy: {
    readonly loadBalancer: string;
    readonly requestTimeoutMs: number;
    readonly attemptTimeoutMs: number;
    readonly retryAttempts: number;
    /** Every policy on the way, in words. */
    readonly parts: readonly PolicyPart[];
  } | null;
}

/** What became of a request that a worker has served. */
export interface RequestRecord {
  /** When it came: ISO 8601. */
  readonly at: string;
  readonly listener: string;
  /** Null: none was found. */
  readonly route: string | null;
  readonly caller: string;
  readonly callee: string | null;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** Null: the client left before there was an answer. */
  readonly status: number | null;
  /** Why the proxy answered itself; null: an endpoint, a redirect or a preflight answered. */
  readonly refusal: { readonly code: string; readonly reason: string } | null;
  /** The answer was cut short. */
  readonly broken: boolean;
  /** In order. */
  readonly attempts: readonly RecordedAttempt[];
  /** Policies that did something, in words. */
  readonly acted: readonly string[];
  readonly durationMs: number;
  /** To the head of the answer. Null: no endpoint answered. */
  readonly firstByteMs: number | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly traceId: string;
  readonly requestId: string;
}

export interface RecordedAttempt {
  readonly endpoint: string;
  readonly outcome: string;
}

export interface PolicyPart {
  readonly name: string;
  readonly value: string;
  /** How it stands now, where there is something to say. */
  readonly standing?: string;
  /** Absent: the default. */
  readonly origin?: { readonly path: string; readonly file?: string; readonly line?: number };
}

/** What the worker is started with. */
export interface WorkerBoot {
  readonly slot: number;
  readonly runtimeFolder: string;
  readonly logsFolder: string;
  readonly logFile: string;
}

// What the architecture analysis is given: services, the calls between them and the routes of users, in FUJSEN's own
// types. Absent or null is always: not known.

/** What is absent or null is not known, and nothing is concluded from it. */
export interface ArchitectureService {
  readonly name: string;
  readonly replicas?: number | null;
  /** Names of the databases that it uses; two services with the same name share it. [] : it uses none. */
  readonly stores?: readonly string[] | null;
  /** Requests that it got. Default: those of the edges and routes into it. */
  readonly requests?: number | null;
  /** Mean of its requests, calls that it waits for included, ms. Default: that of the edges and routes into it. */
  readonly latencyMs?: number | null;
  /** Share of its requests that succeed, its callees' failures included, 0 to 1. Default: of edges and routes. */
  readonly availability?: number | null;
  /** Kinds of requests that it serves. Default: the edges and routes into it. */
  readonly operations?: readonly ArchitectureOperation[] | null;
}

export interface ArchitectureOperation {
  readonly name: string;
  readonly requests: number;
  /** Milliseconds. */
  readonly latencyMs: number;
}

/** May be there more than once for the same pair, as counts of several intervals. */
export interface ArchitectureEdge {
  readonly caller: string;
  readonly callee: string;
  readonly requests?: number | null;
  readonly errors?: number | null;
  /** Mean of a call, milliseconds. */
  readonly latencyMs?: number | null;
  /** 0: there is none. */
  readonly timeoutMs?: number | null;
  readonly breaker?: boolean | null;
  /** Further attempts after the first. */
  readonly retries?: number | null;
  /** The caller does not wait for it. Default false. */
  readonly asynchronous?: boolean;
}

/** What users call. */
export interface ArchitectureRoute {
  readonly name: string;
  /** The first service that it reaches. */
  readonly service: string;
  readonly requests?: number | null;
  readonly errors?: number | null;
  /** Mean, milliseconds. */
  readonly latencyMs?: number | null;
}

export interface ArchitectureInput {
  readonly services?: readonly ArchitectureService[];
  readonly edges?: readonly ArchitectureEdge[];
  readonly routes?: readonly ArchitectureRoute[];
}

/** Counts of any number of intervals together; null: not known. */
export interface Traffic {
  readonly requests: number | null;
  readonly errorShare: number | null;
  readonly latencyMs: number | null;
}

export interface KnownService {
  readonly name: string;
  readonly replicas: number | null;
  readonly stores: readonly string[] | null;
  readonly requests: number | null;
  readonly latencyMs: number | null;
  readonly availability: number | null;
  readonly operations: readonly ArchitectureOperation[] | null;
}

export interface KnownEdge extends Traffic {
  readonly caller: string;
  readonly callee: string;
  readonly timeoutMs: number | null;
  readonly breaker: boolean | null;
  readonly retries: number | null;
  readonly asynchronous: boolean;
}

export interface KnownRoute extends Traffic {
  readonly name: string;
  readonly service: string;
}

export interface KnownArchitecture {
  readonly services: readonly KnownService[];
  readonly edges: readonly KnownEdge[];
  readonly routes: readonly KnownRoute[];
}

// The admin API as calls: the methods of ControlPlane, each a promise, and its watches as async iterators. Errors come
// out as the TuskError that the controller threw. Used by the command line and by the SDK when it connects.
import { TuskError } from "../base/errors.js";
import type { TuskEvent } from "../base/event.js";
import type { ControlPlane, SystemStatus } from "../control/control-plane.js";
import type { DataAccess } from "../control/data-access.js";
import { callJson, callLines, callText, type Target } from "./transport.js";
import type {
  EndLine,
  EventLine,
  EventStreamQuery,
  HeartbeatLine,
  RegistryLine,
  SpecDocument,
  StatusLine,
} from "./types.js";

type Streamed = "data" | "watchEvents" | "watchStatus" | "watchRegistry" | "spec" | "specProblems" | "shutdown";

/** Every call of ControlPlane, made asynchronous. */
type RemoteCalls = {
  readonly [Name in Exclude<keyof ControlPlane, Streamed>]: (
    ...args: Parameters<ControlPlane[Name]>
  ) => Promise<Awaited<ReturnType<ControlPlane[Name]>>>;
};

type RemoteData = {
  readonly [Name in Exclude<keyof DataAccess, "importEvents">]: (
    ...args: Parameters<DataAccess[Name]>
  ) => Promise<Awaited<ReturnType<DataAccess[Name]>>>;
};

export interface AdminClient extends RemoteCalls {
  readonly data: RemoteData;
  alive(): Promise<{ readonly app: string; readonly pid: number; readonly version: string }>;
  spec(): Promise<SpecDocument>;
  /** Resolves when it has begun; the process list says when it is over. */
  shutdown(): Promise<void>;
  watchStatus(signal?: AbortSignal): AsyncIterable<SystemStatus>;
  watchEvents(query?: EventStreamQuery, signal?: AbortSignal): AsyncIterable<TuskEvent>;
  /** A snapshot first, then changes; `*` for every service. */
  watchRegistry(service: string, signal?: AbortSignal): AsyncIterable<RegistryLine>;
}

const waitSliceMs = 60_000;
const part = encodeURIComponent;

function withQuery(path: string, query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? path : `${path}?${given}`;
}

export function createAdminClient(target: Target): AdminClient {
  // The server's answers are checked against these types by the compiler, on its side.
  const call = async <Value>(method: string, path: string, body?: unknown): Promise<Value> =>
    (await callJson(target, { method, path: `/v1${path}`, body })) as Value;
  const get = <Value>(path: string): Promise<Value> => call<Value>("GET", path);
  const lines = <Line>(path: string, signal: AbortSignal | undefined): AsyncIterable<Line> =>
    itemsOf<Line>(callLines(target, { method: "GET", path: `/v1${path}`, signal }));
  return {
    alive: () => get("/alive"),
    status: () => get("/status"),
    processes: () => get("/processes"),
    settings: () => get("/settings"),
    spec: () => get("/spec"),
    routes: () => get("/routes"),
    apply: (request) => call("PUT", "/spec", request),
    scale: (service, replicas) => call("PATCH", `/services/${part(service)}`, { replicas }),
    restart: async (service, instance) => {
      if (service === undefined) await call("POST", "/restart");
      else await call("POST", `/services/${part(service)}/restart`, { instance });
    },
    restartProxy: (options = {}) => call("POST", "/proxy/restart", options),
    checkHealth: (service) => get(service === undefined ? "/health" : `/services/${part(service)}/health`),
    waitReady: (options) => waitReady(options, async (query) => (await get<{ ready: boolean }>(query)).ready),
    events: (query) => get(withQuery("/events", { ...query })),
    probeMesh: () => call("POST", "/mesh/probe"),
    explainService: (service) => get(`/explain/services/${part(service)}`),
    explainRequest: (input) => call("POST", "/explain/request", input),
    explainRecorded: (id) => get(`/explain/recorded/${part(id)}`),
    lookup: (service, query = {}) => get(lookupPath(service, query)),
    registryServices: () => get("/registry/services"),
    register: (registration) => call("POST", "/registry/instances", registration),
    deregister: (id) => deregister(() => call("DELETE", `/registry/instances/${part(id)}`)),
    heartbeat: (id, report = {}) => call("PUT", `/registry/instances/${part(id)}/heartbeat`, report),
    shutdown: async () => {
      await call("POST", "/shutdown");
    },
    data: {
      query: (sql, params, options) => call("POST", "/db/query", { sql, params, write: options?.write }),
      insert: (table, rows) => call("POST", "/db/insert", { table, rows }),
      storeMetrics: (metrics) => call("POST", "/metrics", metrics),
      analyze: (period, services) => get(withQuery("/analysis", { period, services: services?.join(",") })),
      live: () => get("/metrics/live"),
      prometheus: () => callText(target, { method: "GET", path: "/metrics" }),
      recordDecisions: async (records) => {
        await call("POST", "/decisions", records);
      },
      decisions: (limit) => get(withQuery("/decisions", { limit })),
      awaitSample: async (service, timeoutMs) => {
        const path = withQuery(`/metrics/await/${part(service)}`, { timeoutMs });
        return (await get<{ stored: boolean }>(path)).stored;
      },
    },
    watchStatus: (signal) => mapped(lines<StatusLine>("/status/stream", signal), (line) => line.status),
    watchEvents: (query = {}, signal) =>
      mapped(lines<EventLine>(withQuery("/events/stream", { ...query }), signal), (line) => line.event),
    watchRegistry: (service, signal) => lines<RegistryLine>(`/registry/services/${part(service)}/watch`, signal),
  };
}

function lookupPath(service: string, query: { healthyOnly?: boolean; tags?: readonly string[] }): string {
  const given = new URLSearchParams();
  for (const tag of query.tags ?? []) given.append("tag", tag);
  if (query.healthyOnly === false) given.set("all", "true");
  return `/registry/services/${part(service)}${given.size === 0 ? "" : `?${given}`}`;
}

/** In slices, because the server bounds one wait. */
async function waitReady(
  { services, timeoutMs }: Parameters<ControlPlane["waitReady"]>[0],
  ask: (path: string) => Promise<boolean>,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const left = Math.max(0, Math.round(deadline - performance.now()));
    const slice = Math.min(left, waitSliceMs);
    if (await ask(withQuery("/wait", { timeoutMs: slice, services: services?.join(",") }))) return true;
    if (left <= waitSliceMs) return false;
  }
}

/** As in process: false when there is no such instance. */
async function deregister(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof TuskError && error.code === "NOT_FOUND") return false;
    throw error;
  }
}

/** Leaves out signs of life; an end that the server gave a reason for is an error with its code. */
async function* itemsOf<Item>(source: AsyncIterable<unknown>): AsyncGenerator<Item, void, undefined> {
  for await (const value of source) {
    const line = value as Item | HeartbeatLine | EndLine;
    const type = (line as { type: string }).type;
    if (type === "heartbeat") continue;
    if (type === "end") {
      const { code, reason } = line as EndLine;
      throw new TuskError(code, reason);
    }
    yield line as Item;
  }
}

async function* mapped<From, To>(source: AsyncIterable<From>, map: (from: From) => To): AsyncGenerator<To, void> {
  for await (const item of source) yield map(item);
}

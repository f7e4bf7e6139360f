// For the tests beside it: a proxy in this process over real sockets, services to stand behind it, and raw clients.
import { createServer, type IncomingMessage, type RequestListener, request } from "node:http";
import { type AddressInfo, connect, createServer as createNetServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { WorkerNotice } from "../keeper/protocol.js";
import type { ClusterPlan, Endpoint, ListenerPlan, ProxyPlan, RouteAction } from "../plan/proxy-plan.js";
import { systemClock } from "../system/clock.js";
import { DataPlane } from "./data-plane.js";
import { Deadlines } from "./deadlines.js";
import { dispatch } from "./dispatch.js";
import type { Upstream } from "./exchange.js";
import { HttpServer } from "./http1/http-server.js";
import type { HttpLimits } from "./http1/limits.js";
import { createUpstream } from "./http1/upstream.js";
import { RequestRecorder } from "./records/request-recorder.js";
import type { CertificateStore } from "./tls/certificate-store.js";

export function actionTo(cluster: string, overrides: Partial<RouteAction> = {}): RouteAction {
  return {
    backends: [{ cluster, weight: 1 }],
    requestTimeoutMs: 5_000,
    attemptTimeoutMs: 0,
    retry: { attempts: 2, statuses: [], backoffMs: 5 },
    ...overrides,
  };
}

export function clusterPlan(name: string, overrides: Partial<ClusterPlan> = {}): ClusterPlan {
  return {
    name,
    loadBalancer: "round-robin",
    connectTimeoutMs: 1_000,
    retryBudget: { ratio: 0.2, minimum: 3 },
    outlier: { consecutiveFailures: 5, baseEjectionMs: 5_000, maxEjectionMs: 60_000 },
    ...overrides,
  };
}

export function edgeListener(callee: string, overrides: Partial<RouteAction> = {}): ListenerPlan {
  return {
    kind: "edge",
    name: `edge/caller/${callee}`,
    caller: "caller",
    callee,
    protocols: ["http1"],
    action: actionTo(callee, overrides),
  };
}

export function gatewayListener(cluster: string, overrides: Partial<RouteAction> = {}): ListenerPlan {
  return {
    kind: "gateway",
    name: "gateway/main",
    protocols: ["http1"],
    routes: [
      {
        route: cluster,
        hostnames: [],
        path: { type: "PathPrefix", value: "/" },
        headers: [],
        queryParams: [],
        action: actionTo(cluster, overrides),
      },
    ],
  };
}

export function planOf(listeners: readonly ListenerPlan[], clusters: readonly ClusterPlan[], version = 1): ProxyPlan {
  return {
    format: 1,
    version,
    app: "test",
    listeners,
    clusters: Object.fromEntries(clusters.map((cluster) => [cluster.name, cluster])),
  };
}

export function endpointAt(port: number, overrides: Partial<Endpoint> = {}): Endpoint {
  return { id: `one-${port}`, epoch: "1", address: "127.0.0.1", port, state: "ready", ...overrides };
}

export interface RunningProxy {
  readonly dataPlane: DataPlane;
  readonly upstream: Upstream;
  readonly recorder: RequestRecorder;
  readonly notices: WorkerNotice[];
  readonly servers: readonly HttpServer[];
  readonly refused: string[];
  port(listener: string): number;
}

/** Serves the plan's listeners on free ports until the test ends. */
export async function startProxy(
  test: TestContext,
  plan: ProxyPlan,
  endpoints: Readonly<Record<string, readonly Endpoint[]>>,
  { certificates, ...limits }: Partial<HttpLimits> & { readonly certificates?: CertificateStore } = {},
): Promise<RunningProxy> {
  const notices: WorkerNotice[] = [];
  const refused: string[] = [];
  const deadlines = new Deadlines(systemClock);
  const upstream = createUpstream(deadlines);
  const dataPlane = new DataPlane({
    clock: systemClock,
    notify: (notice) => notices.push(notice),
    onForget: (endpoint) => upstream.forget(endpoint.target.key),
    ...(certificates ? { certificates } : {}),
  });
  const answers = [dataPlane.applyPlan(plan), dataPlane.applyEndpoints({ format: 1, version: 1, clusters: endpoints })];
  for (const answer of answers) if (answer.type === "refused") throw new Error(answer.problems.join("; "));
  let ids = 0;
  const recorder = new RequestRecorder({ clock: systemClock });
  const context = {
    dataPlane,
    recorder,
    upstream,
    deadlines,
    clock: systemClock,
    rng: Math.random,
    newRequestId: () => `id-${++ids}`,
  };
  const servers = plan.listeners.map(
    ({ name }) =>
      new HttpServer({
        name,
        deadlines,
        limits,
        tls: () => dataPlane.router(name)?.tls ?? null,
        onExchange: (exchange) => dispatch(exchange, context),
        onRefused: (_listener, code) => refused.push(code),
      }),
  );
  await Promise.all(servers.map((server) => server.listen({ host: "127.0.0.1", port: 0 })));
  test.after(async () => {
    for (const server of servers) server.destroy();
    dataPlane.close();
    await upstream.close();
    deadlines.close();
  });
  const port = (listener: string): number => servers.find((server) => server.name === listener)?.port ?? 0;
  return { dataPlane, upstream, recorder, notices, servers, refused, port };
}

/** An HTTP service on a free port, closed with the test. */
export async function startService(test: TestContext, handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return listening(server);
}

/** A service that speaks bytes. */
export async function startRawService(test: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listening(server);
}

/** A port that nobody listens on. */
export async function refusingPort(): Promise<number> {
  const server = createNetServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

/** One request on its own connection. Rejects when the answer is cut short. */
export function ask(port: number, options: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", path = "/", headers = {}, body } = options;
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const { statusCode = 0, rawHeaders, trailers } = incoming;
        resolve({
          status: statusCode,
          headers: incoming.headers,
          rawHeaders,
          trailers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Sends bytes as they are and collects all that comes until the connection ends. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.write(bytes, "latin1");
  });
}

/** Polls until it holds; fails after two seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 2_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`it did not happen: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

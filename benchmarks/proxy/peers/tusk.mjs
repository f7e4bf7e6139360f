// The worker as the keeper starts it, with the plan that the compiler makes of a spec without any traffic settings.
import { fork } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectWorker } from "../../../dist/src/proxy/worker-client.js";
import { freePort, untilListening } from "../workspace.mjs";

const entry = fileURLToPath(new URL("../../../dist/src/proxy/worker.js", import.meta.url));
const listenerName = "gateway/bench";
const certificateFile = "0123456789abcdef.pem";

/** HTTP/2 by prior knowledge. */
const knowsPreface = () => existsSync(new URL("../../../dist/src/proxy/http2/client-preface.js", import.meta.url));

export const tusk = {
  command: process.execPath,
  problem: ({ protocol }) => (protocol === "http1" || knowsPreface() ? null : "it speaks HTTP/2 over TLS only"),
  start: startTusk,
};

const actionTo = (service) => ({
  backends: [{ cluster: service, weight: 1 }],
  requestTimeoutMs: 15_000,
  attemptTimeoutMs: 0,
  retry: { attempts: 2, statuses: [502, 503, 504], backoffMs: 25 },
});

const clusterOf = (name, protocol) => ({
  name,
  ...(protocol === "grpc" ? { protocol: "http2" } : {}),
  loadBalancer: "least-request",
  connectTimeoutMs: 1_000,
  retryBudget: { ratio: 0.2, minimum: 10 },
  outlier: { consecutiveFailures: 5, baseEjectionMs: 5_000, maxEjectionMs: 300_000, intervalMs: 10_000 },
  limits: { connections: 1024, pending: 1024, requests: 0, retries: 0 },
});

function routeOf({ path, header, service }, tls) {
  return {
    route: service,
    ...(tls ? { section: "all" } : {}),
    hostnames: [],
    path: { type: "PathPrefix", value: path },
    headers: header ? [header] : [],
    queryParams: [],
    action: actionTo(service),
  };
}

export function planOf({ services, routes, tls, protocol }, version = 1) {
  const secure = { sections: [{ name: "all" }], tls: { certificates: [{ section: "all", file: certificateFile }] } };
  const listener = { kind: "gateway", name: listenerName, protocols: ["http1"], ...(tls ? secure : {}) };
  return {
    format: 1,
    version,
    app: "bench",
    listeners: [{ ...listener, routes: routes.map((route) => routeOf(route, tls)) }],
    clusters: Object.fromEntries(services.map(({ name }) => [name, clusterOf(name, protocol)])),
  };
}

export function tableOf({ services }, version = 1) {
  const rowOf = (name) => (endpoint, index) => ({
    id: `${name}-${index + 1}`,
    epoch: "1",
    state: "ready",
    ...endpoint,
  });
  const clusters = services.map(({ name, endpoints }) => [name, endpoints.map(rowOf(name))]);
  return { format: 1, version, clusters: Object.fromEntries(clusters) };
}

export async function tell(worker, body) {
  const answer = await worker.request(body);
  if (answer.type !== "acknowledged") throw new Error(JSON.stringify(answer));
}

/** `flags`: more for Node, such as those of its profiler. `socket`: where it takes plans. */
export async function startTusk(workspace, scenario, flags = process.env.TUSK_BENCH_FLAGS?.split(" ") ?? []) {
  const port = await freePort();
  const runtimeFolder = mkdtempSync(join(workspace.folder, "tusk-"));
  keepCertificate(runtimeFolder, scenario.tls);
  const execArgv = ["--max-semi-space-size=8", "--max-old-space-size=512", ...flags];
  const boot = JSON.stringify({ slot: 1, runtimeFolder, logsFolder: runtimeFolder, logFile: "/dev/null" });
  const child = workspace.keep(fork(entry, [boot], { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] }));
  const [serving] = await once(child, "message");
  child.send({ type: "listener", name: listenerName }, net._createServerHandle("127.0.0.1", port, 4));
  const socket = serving.socket ?? join(runtimeFolder, "worker-1.sock");
  const worker = await connectWorker({ socketPath: socket, onNotice() {}, onLost() {} });
  await tell(worker, { type: "plan", plan: planOf(scenario) });
  await tell(worker, { type: "endpoints", table: tableOf(scenario) });
  worker.close();
  await untilListening(port);
  return { port, pid: child.pid, child, socket };
}

function keepCertificate(runtimeFolder, tls) {
  if (!tls) return;
  mkdirSync(join(runtimeFolder, "certificates"));
  copyFileSync(tls.pem, join(runtimeFolder, "certificates", certificateFile));
}

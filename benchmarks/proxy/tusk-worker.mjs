// The worker as the keeper starts it, with a plan of one gateway route to the upstream.
import { fork } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectWorker } from "../../dist/src/proxy/worker-client.js";
import { freePort, untilListening } from "./workspace.mjs";

const entry = fileURLToPath(new URL("../../dist/src/proxy/worker.js", import.meta.url));
const name = "gateway/bench";

const action = {
  backends: [{ cluster: "service", weight: 1 }],
  requestTimeoutMs: 15_000,
  attemptTimeoutMs: 0,
  retry: { attempts: 2, statuses: [], backoffMs: 25 },
};
const route = {
  route: "service",
  hostnames: [],
  path: { type: "PathPrefix", value: "/" },
  headers: [],
  queryParams: [],
  action,
};
const cluster = {
  name: "service",
  loadBalancer: "least-request",
  connectTimeoutMs: 1_000,
  retryBudget: { ratio: 0.2, minimum: 3 },
  outlier: { consecutiveFailures: 5, baseEjectionMs: 5_000, maxEjectionMs: 60_000 },
  limits: { connections: 1024, pending: 1024, requests: 0, retries: 0 },
};
const plan = {
  format: 1,
  version: 1,
  app: "bench",
  listeners: [{ kind: "gateway", name, protocols: ["http1"], routes: [route] }],
  clusters: { service: cluster },
};

/** `flags`: more for Node, such as those of its profiler. */
export async function startTusk(workspace, upstream, flags = []) {
  const port = await freePort();
  const runtimeFolder = workspace.folder;
  const execArgv = ["--max-semi-space-size=8", "--max-old-space-size=512", ...flags];
  const boot = JSON.stringify({ slot: 1, runtimeFolder, logFile: "/dev/null" });
  const child = workspace.keep(fork(entry, [boot], { execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] }));
  const [serving] = await once(child, "message");
  child.send({ type: "listener", name }, net._createServerHandle("127.0.0.1", port, 4));
  const worker = await connectWorker({
    socketPath: serving.socket ?? join(runtimeFolder, "worker-1.sock"),
    onNotice() {},
    onLost() {},
  });
  const endpoint = { id: "service-1", epoch: "1", address: "127.0.0.1", port: upstream.port, state: "ready" };
  for (const body of [
    { type: "plan", plan },
    { type: "endpoints", table: { format: 1, version: 1, clusters: { service: [endpoint] } } },
  ]) {
    const answer = await worker.request(body);
    if (answer.type !== "acknowledged") throw new Error(JSON.stringify(answer));
  }
  worker.close();
  await untilListening(port);
  return { port, pid: child.pid, child };
}

// A keeper with its workers and no controller but the test itself, in a folder of its own, over a small service.
import { readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connectKeeper, type KeeperClient } from "../../src/keeper/client.js";
import type { KeeperNotice, ListenRequest, ListenResult, WorkerInfo } from "../../src/keeper/protocol.js";
import { startKeeper } from "../../src/keeper/start-keeper.js";
import type { Endpoint, ListenerPlan, ProxyPlan } from "../../src/plan/proxy-plan.js";
import { connectWorker } from "../../src/proxy/worker-client.js";
import { identify, isAlive, listPids, type ProcessIdentity, readStat } from "../../src/system/proc.js";
import { eventually } from "./eventually.js";
import { type KeeperStatus, keeperStatus } from "./keeper-status.js";
import { temporaryFolder } from "./temporary-folder.js";

export interface KeeperSystem {
  readonly runtime: string;
  readonly socketPath: string;
  readonly client: KeeperClient;
  readonly notices: KeeperNotice[];
  status(): Promise<KeeperStatus>;
  /** Waits for a status that holds. */
  until(what: string, holds: (status: KeeperStatus) => boolean): Promise<KeeperStatus>;
  /** Holds these edges to the service, and has every worker serve them. */
  serve(callees: readonly string[]): Promise<ReadonlyMap<string, number>>;
  listen(listeners: readonly ListenRequest[]): Promise<readonly ListenResult[]>;
  /** All processes of ours that run. */
  processes(): readonly number[];
}

export interface KeeperSystemOptions {
  readonly workerCount?: number;
  readonly controllerCommand?: readonly string[] | null;
}

export async function startKeeperSystem(test: TestContext, options: KeeperSystemOptions = {}): Promise<KeeperSystem> {
  const runtime = temporaryFolder(test);
  const logsFolder = join(runtime, "logs");
  const socketPath = join(runtime, "keeper.sock");
  const notices: KeeperNotice[] = [];
  const servicePort = await startAnswering(test);
  const { workerCount = 1, controllerCommand = null } = options;
  startKeeper({ runtimeFolder: runtime, logsFolder, workerCount, controllerCommand });
  const client = await connectKeeper({
    socketPath,
    restart: null,
    onNotice: (notice) => notices.push(notice),
    onConnected: () => {},
  });
  const processes = (): readonly number[] => processesIn(runtime);
  test.after(async () => {
    client.close();
    for (const pid of processes()) killIfAlive(pid);
    await eventually(() => processes().length === 0, { what: "all processes of the test have ended" });
    rmSync(runtime, { recursive: true, force: true });
  });
  const status = (): Promise<KeeperStatus> => keeperStatus(socketPath);
  const system: KeeperSystem = {
    runtime,
    socketPath,
    client,
    notices,
    status,
    processes,
    until: (what, holds) =>
      eventually(async () => status().then((now) => (holds(now) ? now : null)), { what, retryErrors: true }),
    listen: async (listeners) => {
      const answer = await client.request({ type: "listen", listeners });
      if (answer.type !== "listen") throw new Error(JSON.stringify(answer));
      return answer.results;
    },
    serve: (callees) => serveEdges(system, callees, servicePort),
  };
  await system.until("all workers serve", ({ workers }) => workers.length === workerCount);
  return system;
}

async function serveEdges(
  system: KeeperSystem,
  callees: readonly string[],
  servicePort: number,
): Promise<ReadonlyMap<string, number>> {
  const requests = callees.map((callee) => ({ name: `edge/test/${callee}`, host: "127.0.0.1", port: 0 }));
  const results = await system.listen(requests);
  const { workers } = await system.status();
  for (const worker of workers) await configure(worker, callees, servicePort);
  return new Map(results.map((result, index) => [callees[index] ?? "", result.ok ? result.port : 0]));
}

/** Any version that is higher than the one before does. */
let version = 1;

async function configure(worker: WorkerInfo, callees: readonly string[], servicePort: number): Promise<void> {
  const channel = await connectWorker({ socketPath: worker.socket, onNotice: () => {}, onLost: () => {} });
  version++;
  const endpoint: Endpoint = { id: "one", epoch: "1", address: "127.0.0.1", port: servicePort, state: "ready" };
  const clusters = Object.fromEntries(callees.map((callee) => [callee, [endpoint]]));
  const answers = [
    await channel.request({ type: "plan", plan: planFor(callees) }),
    await channel.request({ type: "endpoints", table: { format: 1, version, clusters } }),
  ];
  channel.close();
  for (const answer of answers) if (answer.type !== "acknowledged") throw new Error(JSON.stringify(answer));
}

function planFor(callees: readonly string[]): ProxyPlan {
  const listeners = callees.map(
    (callee): ListenerPlan => ({
      kind: "edge",
      name: `edge/test/${callee}`,
      caller: "test",
      callee,
      protocols: ["http1"],
      action: {
        backends: [{ cluster: callee, weight: 1 }],
        requestTimeoutMs: 5_000,
        attemptTimeoutMs: 0,
        retry: { attempts: 2, statuses: [], backoffMs: 5 },
      },
    }),
  );
  const clusters = Object.fromEntries(
    callees.map((name) => [
      name,
      {
        name,
        loadBalancer: "round-robin" as const,
        connectTimeoutMs: 1_000,
        retryBudget: { ratio: 0.2, minimum: 3 },
      },
    ]),
  );
  return { format: 1, version, app: "test", listeners, clusters };
}

async function startAnswering(test: TestContext): Promise<number> {
  const server = createServer((request, response) => response.end(`you asked for ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Whoever has a file in the folder open, its log for one, is of this system. */
function processesIn(folder: string): number[] {
  return listPids().filter((pid) => pid !== process.pid && readStat(pid)?.state !== "Z" && hasOpenFileIn(pid, folder));
}

function hasOpenFileIn(pid: number, folder: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((name) => openFile(pid, name).startsWith(`${folder}/`));
  } catch {
    // Ended, or of another user.
    return false;
  }
}

function openFile(pid: number, descriptor: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    // Closed between two looks.
    return "";
  }
}

export function identityOf(pid: number): ProcessIdentity {
  const identity = identify(pid);
  if (!identity) throw new Error(`no process ${pid}`);
  return identity;
}

export const ended = (identity: ProcessIdentity): boolean => !isAlive(identity);

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Ended on its own in between.
  }
}

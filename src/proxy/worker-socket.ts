// The worker's Unix socket: takes plans and endpoints from any controller, and answers its questions.
import type { WorkerAnswer, WorkerNotice, WorkerRequest } from "../keeper/protocol.js";
import { type JsonServer, serveJson } from "../system/json-server.js";
import { identify } from "../system/proc.js";
import type { DataPlane } from "./data-plane.js";
import type { RequestRecorder } from "./records/request-recorder.js";
import type { StoredState } from "./stored-state.js";

export interface WorkerSocketOptions {
  readonly path: string;
  readonly dataPlane: DataPlane;
  readonly stored: StoredState;
  readonly recorder: RequestRecorder;
  readonly inFlight: () => number;
}

export function serveWorkerSocket(options: WorkerSocketOptions): Promise<JsonServer<WorkerNotice>> {
  const startTicks = identify(process.pid)?.startTicks ?? 0;
  return serveJson<WorkerRequest, WorkerAnswer, WorkerNotice>({
    path: options.path,
    onRequest: (request) => answer(request, options, startTicks),
  });
}

async function answer(
  request: WorkerRequest,
  { dataPlane, stored, recorder, inFlight }: WorkerSocketOptions,
  startTicks: number,
): Promise<WorkerAnswer> {
  const { pid } = process;
  switch (request.type) {
    case "plan":
      return kept(stored, "plan", request.plan, dataPlane.applyPlan(request.plan));
    case "endpoints":
      return kept(stored, "endpoints", request.table, dataPlane.applyEndpoints(request.table));
    case "await-drained": {
      const { endpoint, epoch, limitMs } = request;
      return { type: "drained", inFlight: await dataPlane.awaitDrained(endpoint, epoch, limitMs) };
    }
    case "probe-passed":
      dataPlane.probePassed(request);
      return { type: "noted" };
    case "stats": {
      const stats = { pid, startTicks, edges: dataPlane.edges.toJSON(), endpoints: dataPlane.endpointStats() };
      return { type: "stats", stats };
    }
    case "recorded":
      return { type: "recorded", requests: recorder.find(request.id) };
    case "explain": {
      // Rarely asked: a worker starts without it.
      const { explainRequest } = await import("./explain.js");
      return { type: "explain", explanation: explainRequest(dataPlane, request) };
    }
    case "status": {
      const { planVersion, endpointsVersion, listenerNames: listeners } = dataPlane;
      return { type: "status", pid, planVersion, endpointsVersion, inFlight: inFlight(), listeners };
    }
    default:
      return { type: "error", message: "unknown request" };
  }
}

/** Acknowledged means kept, too: a worker that is killed right after it is replaced by one that serves the same. */
async function kept(
  stored: StoredState,
  part: "plan" | "endpoints",
  value: unknown,
  verdict: WorkerAnswer,
): Promise<WorkerAnswer> {
  if (verdict.type === "acknowledged") await stored.save(part, value);
  return verdict;
}

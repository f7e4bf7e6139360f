// The worker's Unix socket: takes plans and endpoints from any controller, and answers its questions. To read a large
// table, to apply it and to keep it are turns of the event loop of their own, with traffic in between.
import { setImmediate as turn } from "node:timers/promises";
import type { WorkerAnswer, WorkerNotice, WorkerRequest } from "../keeper/protocol.js";
import { type JsonServer, serveJson } from "../system/json-server.js";
import { identify } from "../system/proc.js";
import type { DataPlane } from "./data-plane.js";
import type { RequestRecorder } from "./records/request-recorder.js";
import { runInTurns } from "./steps.js";
import type { StoredState } from "./stored-state.js";

export interface WorkerSocketOptions {
  readonly path: string;
  readonly dataPlane: DataPlane;
  readonly stored: StoredState;
  readonly recorder: RequestRecorder;
  readonly inFlight: () => number;
}

interface AnswerContext extends WorkerSocketOptions {
  readonly startTicks: number;
  readonly inOrder: Queue;
}

export function serveWorkerSocket(options: WorkerSocketOptions): Promise<JsonServer<WorkerNotice>> {
  const context = { ...options, startTicks: identify(process.pid)?.startTicks ?? 0, inOrder: createQueue() };
  return serveJson<WorkerRequest, WorkerAnswer, WorkerNotice>({
    path: options.path,
    onRequest: (request) => answer(request, context),
  });
}

async function answer(
  request: WorkerRequest,
  { dataPlane, stored, recorder, inFlight, startTicks, inOrder }: AnswerContext,
): Promise<WorkerAnswer> {
  const { pid } = process;
  switch (request.type) {
    case "plan":
      return inOrder(() => kept(stored, "plan", request.plan, () => dataPlane.applyPlan(request.plan)));
    case "endpoints":
      return inOrder(() => {
        const steps = dataPlane.stepsToApplyEndpoints(request.table);
        return kept(stored, "endpoints", request.table, () => runInTurns(steps));
      });
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

type Queue = (change: () => Promise<WorkerAnswer>) => Promise<WorkerAnswer>;

/** One change after the other, whoever sends them: one that takes several turns is not overtaken. */
function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (change) => {
    const done = last.then(change);
    // Who sent it hears of its failure; the next one is not concerned.
    last = done.catch(() => undefined);
    return done;
  };
}

/** Acknowledged means kept, too: a worker that is killed right after it is replaced by one that serves the same. */
async function kept(
  stored: StoredState,
  part: "plan" | "endpoints",
  value: unknown,
  apply: () => WorkerAnswer | Promise<WorkerAnswer>,
): Promise<WorkerAnswer> {
  await turn();
  const verdict = await apply();
  if (verdict.type === "acknowledged") await stored.save(part, value);
  return verdict;
}

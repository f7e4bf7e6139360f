// Makes the two calls of a mesh probe, and looks for them in the workers' counts.
import { request } from "undici";
import { TuskError } from "../base/errors.js";
import { allowedTarget, deniedTarget, probeCaller, probeListener } from "../compile/mesh-probe.js";
import type { WorkerStats } from "../keeper/protocol.js";
import type { MeshProbe } from "./control-plane.js";
import type { DataPlane } from "./data-plane.js";

const limitMs = 5_000;

/** The data plane already runs the plan with the probe's listener. */
export async function callThroughMesh(dataPlane: DataPlane): Promise<MeshProbe> {
  const listener = dataPlane.bound.get(probeListener);
  if (!listener?.result.ok) throw new TuskError("INTERNAL", "the probe's listener could not be bound");
  const url = `http://${listener.host}:${listener.result.port}/`;
  const before = countsOf(await dataPlane.stats());
  const allowedStatus = await statusOf(url, allowedTarget);
  const deniedStatus = await statusOf(url, deniedTarget);
  const stats = await dataPlane.stats();
  return { workers: stats.length, allowedStatus, deniedStatus, counted: countsOf(stats) >= before + 2 };
}

async function statusOf(url: string, host: string): Promise<number> {
  const times = { headersTimeout: limitMs, bodyTimeout: limitMs };
  // Its own connection, which ends with it: the listener is about to go.
  const { statusCode, body } = await request(url, { headers: { host, connection: "close" }, ...times });
  await body.dump();
  return statusCode;
}

function countsOf(stats: readonly WorkerStats[]): number {
  const edges = stats.flatMap((worker) => worker.edges).filter(({ caller }) => caller === probeCaller);
  return edges.reduce((sum, { requests }) => sum + requests, 0);
}

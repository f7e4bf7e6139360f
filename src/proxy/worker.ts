// Entry of a proxy worker: `worker.js <boot JSON>`, forked by the keeper. Loads what this slot served last, so that it
// serves at once with nobody there to tell it, and listens to any controller on its own Unix socket.
import { join } from "node:path";
import type { WorkerBoot, WorkerNotice } from "../keeper/protocol.js";
import { WorkerLink } from "../keeper/worker-link.js";
import { accessLogName } from "../system/app-folder.js";
import { systemClock, systemRng, uuidv7 } from "../system/clock.js";
import type { JsonServer } from "../system/json-server.js";
import { DataPlane } from "./data-plane.js";
import { Deadlines } from "./deadlines.js";
import { createUpstream } from "./http1/upstream.js";
import { HttpListeners } from "./listeners.js";
import { AccessLog } from "./records/access-log.js";
import { BatchedFile } from "./records/batched-file.js";
import { RequestRecorder } from "./records/request-recorder.js";
import { StoredState } from "./stored-state.js";
import { CertificateStore } from "./tls/certificate-store.js";
import { serveWorkerSocket } from "./worker-socket.js";

/** For requests in flight when somebody ends this worker without saying how long it may take. */
const drainMs = 10_000;

const boot = JSON.parse(process.argv[2] ?? "{}") as WorkerBoot;
const path = join(boot.runtimeFolder, `worker-${boot.slot}.sock`);

let control: JsonServer<WorkerNotice> | null = null;
const deadlines = new Deadlines(systemClock);
const upstream = createUpstream(deadlines);
const dataPlane = new DataPlane({
  clock: systemClock,
  notify: (notice) => control?.broadcast(notice),
  onForget: (endpoint) => upstream.forget(endpoint.target.key),
  certificates: new CertificateStore(join(boot.runtimeFolder, "certificates")),
});
const stored = new StoredState(boot.runtimeFolder, boot.slot);
const accessFile = new BatchedFile({
  path: join(boot.logsFolder, accessLogName(boot.slot)),
  clock: systemClock,
  // Standard error is this worker's log.
  onProblem: (message) => process.stderr.write(`the access log cannot be written: ${message}\n`),
});
process.on("exit", () => accessFile.flushSync());
const accessLog = new AccessLog({
  clock: systemClock,
  rng: systemRng,
  append: (line) => accessFile.append(line),
});
const recorder = new RequestRecorder({
  clock: systemClock,
  onRecord: (request) => accessLog.write(request, dataPlane.plan?.accessLog),
});
const listeners = new HttpListeners({
  dataPlane,
  recorder,
  upstream,
  clock: systemClock,
  deadlines,
  rng: systemRng,
  newRequestId: uuidv7,
});

let stopping = false;
function stop(limitMs: number): void {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(0), limitMs);
  void listeners.drain().then(() => process.exit(0));
}

const link = new WorkerLink({
  slot: boot.slot,
  socket: path,
  onListener: (name, handle) => listeners.open(name, handle),
  onClose: (name) => listeners.close(name),
  onStop: stop,
  descriptors: () => listeners.descriptors,
});

process.on("SIGTERM", () => {
  link.draining();
  stop(drainMs);
});
// The terminal's Ctrl-C goes to the whole group; whoever started us decides what it means.
process.on("SIGINT", () => {});

stored.load(dataPlane);
control = await serveWorkerSocket({ path, dataPlane, stored, recorder, inFlight: () => listeners.inFlight });
link.serving();

// Entry of a proxy worker: `worker.js <boot JSON>`, forked by the keeper. Loads what this slot served last, so that it
// serves at once with nobody there to tell it, and listens to any controller on its own Unix socket.
import { join } from "node:path";
import type { WorkerBoot } from "../keeper/protocol.js";
import { WorkerLink } from "../keeper/worker-link.js";
import { systemClock, systemRng, uuidv7 } from "../system/clock.js";
import { DataPlane } from "./data-plane.js";
import { HttpListeners } from "./listeners.js";
import { StoredState } from "./stored-state.js";
import { createUpstream } from "./upstream.js";
import { WorkerSocket } from "./worker-socket.js";

const boot = JSON.parse(process.argv[2] ?? "{}") as WorkerBoot;
const socketPath = join(boot.runtimeFolder, `worker-${boot.slot}.sock`);

const upstream = createUpstream();
const dataPlane = new DataPlane({
  clock: systemClock,
  notify: (notice) => control.notify(notice),
  onForget: (endpoint) => upstream.forget(endpoint.target.key),
});
const stored = new StoredState(boot.runtimeFolder, boot.slot);
const control = new WorkerSocket({ dataPlane, stored, inFlight: () => listeners.inFlight });
const listeners = new HttpListeners({ dataPlane, upstream, clock: systemClock, rng: systemRng, newRequestId: uuidv7 });

let stopping = false;
function stop(drainMs: number): void {
  if (stopping) return;
  stopping = true;
  const limit = setTimeout(() => process.exit(0), drainMs);
  void listeners.drain().then(() => {
    clearTimeout(limit);
    process.exit(0);
  });
}

const link = new WorkerLink({
  slot: boot.slot,
  socket: socketPath,
  onListener: (name, handle) => listeners.open(name, handle),
  onClose: (name) => listeners.close(name),
  onStop: stop,
  descriptors: () => listeners.descriptors,
});

process.on("SIGTERM", () => stop(10_000));
// The terminal's Ctrl-C goes to the whole group; whoever started us decides what it means.
process.on("SIGINT", () => undefined);

stored.load(dataPlane);
await control.listen(socketPath);
link.serving();

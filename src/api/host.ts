// A controller: the running system with its admin API in front and its record in the state folder. Used by the
// controller's own process and by a program that runs it inside itself.
import { rmSync } from "node:fs";
import { TuskError } from "../base/errors.js";
import type { Loss } from "../control/ownership.js";
import { type RunningSystem, type StartOptions, startSystem } from "../control/start-system.js";
import { type AppFolder, type ControllerRecord, ensureToken } from "../system/app-folder.js";
import { writeJsonAtomic } from "../system/atomic-file.js";
import { identify } from "../system/proc.js";
import { version } from "../system/version.js";

export interface HostedController extends RunningSystem {
  readonly record: ControllerRecord;
  /** Resolves when it has ended: told to stop, or because its app folder was taken from it. */
  readonly stopped: Promise<void>;
  /** Hands over; a controller that has lost its app folder stops what it runs, because nobody could adopt it. */
  detach(): Promise<void>;
}

/** Spawns first, imports the admin API afterwards. Resolves when the API answers; a failure lets go of what was started. */
export async function hostController(options: StartOptions): Promise<HostedController> {
  const running = await startSystem(options);
  try {
    return await serveAdminApi(running, options);
  } catch (error) {
    await running.detach();
    throw error;
  }
}

async function serveAdminApi(running: RunningSystem, { folder, embedded }: StartOptions): Promise<HostedController> {
  const [{ createAdminApp }, { startAdminServer }] = await Promise.all([import("./app.js"), import("./server.js")]);
  const identity = identify(process.pid);
  if (identity === null) throw new TuskError("UNSUPPORTED_SYSTEM", "this process is not visible under /proc");
  const app = createAdminApp({ control: running.system, token: ensureToken(folder), version });
  const server = await startAdminServer({ app, host: "127.0.0.1", port: 0 });
  running.system.setUrl(server.url);
  const startedAt = new Date().toISOString();
  const record = { ...identity, url: server.url, runtime: folder.runtime, version, startedAt, embedded };
  writeJsonAtomic(folder.files.controller, record, { mode: 0o600, makeFolders: false });
  const letGo = async (): Promise<void> => {
    await running.detach();
    await server.close();
  };
  const stopped = running.stopped.then(() => server.close());
  const leave = async (loss: Loss): Promise<void> => {
    process.stderr.write(`${whyLeft(loss, folder)}\n`);
    if (loss === "taken") return letGo();
    await running.system.shutdown();
    await stopped;
  };
  const detach = async (): Promise<void> => {
    const holding = running.ownership.holding();
    if (holding !== "held") return leave(holding);
    // First, so that nobody looks for us where nobody answers; the lock is still ours.
    rmSync(folder.files.controller, { force: true });
    await letGo();
  };
  return { ...running, record, stopped: Promise.race([stopped, running.ownership.lost.then(leave)]), detach };
}

function whyLeft(loss: Loss, { root }: AppFolder): string {
  const then =
    loss === "taken" ? "another controller runs it" : "what it runs is stopped, because nobody could find it";
  return `this controller has lost the app in ${root}: its state folder was removed, replaced or moved; ${then}`;
}

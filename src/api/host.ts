// A controller: the running system with its admin API in front and its record in the state folder. Used by the
// controller's own process and by a program that runs it inside itself.
import { TuskError } from "../base/errors.js";
import { type RunningSystem, type StartOptions, startSystem } from "../control/start-system.js";
import { type ControllerRecord, ensureToken } from "../system/app-folder.js";
import { writeJsonAtomic } from "../system/atomic-file.js";
import { identify } from "../system/proc.js";
import { version } from "../system/version.js";

export interface HostedController extends RunningSystem {
  readonly record: ControllerRecord;
}

/** Spawns first, imports the admin API afterwards. Resolves when the API answers. */
export async function hostController(options: StartOptions): Promise<HostedController> {
  const running = await startSystem(options);
  const { folder } = options;
  const [{ createAdminApp }, { startAdminServer }] = await Promise.all([import("./app.js"), import("./server.js")]);
  const app = createAdminApp({ control: running.system, token: ensureToken(folder), version });
  const server = await startAdminServer({ app, host: "127.0.0.1", port: 0 });
  const identity = identify(process.pid);
  if (identity === null) throw new TuskError("UNSUPPORTED_SYSTEM", "this process is not visible under /proc");
  running.system.setUrl(server.url);
  const record: ControllerRecord = {
    ...identity,
    url: server.url,
    runtime: folder.runtime,
    version,
    startedAt: new Date().toISOString(),
    embedded: options.embedded,
  };
  writeJsonAtomic(folder.files.controller, record, { mode: 0o600 });
  const stopped = running.stopped.then(() => server.close());
  return {
    ...running,
    record,
    stopped,
    detach: async () => {
      await running.detach();
      await server.close();
    },
  };
}

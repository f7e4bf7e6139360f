// Entry of the keeper process. `main.js <boot JSON>` begins a system; `main.js --successor` goes on with the sockets
// that a worker hands over after the former keeper died. Imports as little as possible: it is what must not fail.
import { existsSync, mkdirSync } from "node:fs";
import { acquireLock } from "../system/lock.js";
import { bootId, identify } from "../system/proc.js";
import { ControlSocket } from "./control-socket.js";
import type { WorkerToKeeper } from "./ipc.js";
import { Keeper } from "./keeper.js";
import { endLeftoverWorkers, lockIn, recordWorkers, removeFiles, socketIn } from "./runtime-files.js";
import type { KeeperBoot } from "./start-keeper.js";

/** Exit code when this folder has a living keeper already. */
const alreadyKept = 3;
/** How often it looks whether its folder is still there. */
const folderCheckMs = 1_000;
/** For requests in flight when nobody said how long. */
const briefDrainMs = 1_000;

type Place = Pick<KeeperBoot, "runtimeFolder" | "logsFolder">;

async function run({ runtimeFolder, logsFolder }: Place, begin: (keeper: Keeper) => Promise<void>): Promise<void> {
  for (const folder of [runtimeFolder, logsFolder]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if ("holder" in acquireLock(lockIn(runtimeFolder))) process.exit(alreadyKept);
  const keeper = new Keeper({
    identity: { pid: process.pid, startTicks: identify(process.pid)?.startTicks ?? 0 },
    runtimeFolder,
    logsFolder,
    notify: (notice) => control.notify(notice),
    onWorkers: (workers) => recordWorkers(runtimeFolder, workers, bootId()),
    onEnd: () => {
      removeFiles(runtimeFolder);
      // Answers that are on their way are written before the process ends.
      setTimeout(() => process.exit(0), 50);
    },
  });
  const control = new ControlSocket({
    answer: (request) => keeper.answer(request),
    onControllerLeft: () => keeper.lookAtController(),
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void keeper.end(briefDrainMs));
  setInterval(() => {
    if (!existsSync(runtimeFolder)) void keeper.end(briefDrainMs);
  }, folderCheckMs);
  await control.listen(socketIn(runtimeFolder));
  await begin(keeper);
}

const [argument = ""] = process.argv.slice(2);
if (argument === "--successor") {
  process.once("message", (message: WorkerToKeeper) => {
    if (message.type === "succeed") void run(message.state, (keeper) => keeper.succeed(message));
  });
} else {
  const boot = JSON.parse(argument) as KeeperBoot;
  await run(boot, async (keeper) => {
    await endLeftoverWorkers(boot.runtimeFolder);
    await keeper.start(boot);
  });
}

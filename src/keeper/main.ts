// Entry of the keeper process. `main.js <boot JSON>` begins a system; `main.js --successor` goes on with the sockets
// that a worker hands over after the former keeper died. Imports as little as possible: it is what must not fail.
import { join } from "node:path";
import { ControlSocket } from "./control-socket.js";
import type { WorkerToKeeper } from "./ipc.js";
import { Keeper } from "./keeper.js";
import type { KeeperBoot } from "./start-keeper.js";

async function run(boot: Omit<KeeperBoot, "controllerCommand">, begin: (keeper: Keeper) => void): Promise<void> {
  const keeper = new Keeper({
    ...boot,
    notify: (notice) => socket.notify(notice),
    // Answers that are on their way are written before the process ends.
    onEnd: () => void setTimeout(() => process.exit(0), 50),
  });
  const socket = new ControlSocket((request) => keeper.answer(request));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void keeper.end(1_000));
  await socket.listen(join(boot.runtimeFolder, "keeper.sock"));
  begin(keeper);
}

const [argument = ""] = process.argv.slice(2);
if (argument === "--successor") {
  process.once("message", (message: WorkerToKeeper) => {
    if (message.type === "succeed") void run(message.state, (keeper) => keeper.succeed(message));
  });
} else {
  const boot = JSON.parse(argument) as KeeperBoot;
  await run(boot, (keeper) => keeper.start(boot.controllerCommand));
}

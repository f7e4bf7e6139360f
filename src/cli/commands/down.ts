// `tusk down`: stops everything of the app. Without a controller one is started that adopts what runs and stops it; when
// not even that is possible, what is left is ended directly. Controllers that lost the app's folder are ended before, or
// they would start it all again. Nothing to stop is success.
import { messageOf } from "../../base/errors.js";
import { ensureController } from "../../control/launch.js";
import type { AppFolder } from "../../system/app-folder.js";
import { requireApp } from "../app-lookup.js";
import { type Connection, connectTo, tryConnect } from "../connect.js";
import { count, formatDuration } from "../format.js";
import { describeRemains, findRemains, isRunning, type Remains, removeRemains } from "../leftovers.js";
import type { Session } from "../session.js";
import { stopApp } from "../stop-app.js";
import { describeStray, endStrayControllers, findStrayControllers } from "../stray-controllers.js";

interface DownOptions {
  /** Milliseconds. */
  readonly timeout: number;
}

export async function run(session: Session, _args: readonly [], { timeout }: DownOptions): Promise<number> {
  const folder = requireApp(session.options.appFolder);
  const lost = await stopLostControllers(session, folder, timeout);
  const connection = await tryConnect(folder);
  if (connection) return stop(session, connection, timeout);
  const remains = await findRemains(folder);
  if (isRunning(remains, folder)) return stopWithoutController(session, folder, remains, timeout);
  const { files } = remains;
  await removeRemains(folder, { controllers: [], dataPlane: [], instances: [], files });
  const stopped = lost > 0;
  session.result({ stopped, processes: lost, removed: files }, (style) => {
    const what = `stopped ${count(lost, "controller")} without a state folder, and what ${lost === 1 ? "it" : "they"} ran`;
    return stopped ? `${style.green("✔")} ${what}` : "nothing to stop";
  });
  return 0;
}

/** How many there were. */
async function stopLostControllers(session: Session, folder: AppFolder, timeoutMs: number): Promise<number> {
  const lost = findStrayControllers(folder);
  if (lost.length > 0) session.note(`stopping ${lost.map(describeStray).join(", ")}`);
  await endStrayControllers(lost, timeoutMs);
  return lost.length;
}

async function stop(session: Session, connection: Connection, timeoutMs: number): Promise<number> {
  session.note("draining and stopping");
  const begin = performance.now();
  const { processes } = await stopApp(connection, timeoutMs);
  const tookMs = Math.round(performance.now() - begin);
  session.result({ stopped: true, processes, tookMs }, (style) =>
    [style.green("✔"), `stopped ${count(processes, "process", "processes")} in ${formatDuration(tookMs)}`].join(" "),
  );
  return 0;
}

async function stopWithoutController(
  session: Session,
  folder: AppFolder,
  remains: Remains,
  timeoutMs: number,
): Promise<number> {
  session.note(`no controller runs; starting one that takes over ${describeRemains(remains).join(", ")}`);
  let connection: Connection;
  try {
    connection = connectTo(folder, (await ensureController(folder, null)).record);
  } catch (error) {
    session.note(`no controller can be started (${messageOf(error)}); ending what is left`);
    const left = await findRemains(folder);
    await removeRemains(folder, left);
    session.result({ stopped: true, removed: describeRemains(left) }, (style) => `${style.green("✔")} stopped`);
    return 0;
  }
  return stop(session, connection, timeoutMs);
}

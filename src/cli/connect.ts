// The way to the running controller. One that was just killed is restarted by the keeper, which is waited for.
import { existsSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type AdminClient, createAdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import { type AppFolder, type ControllerRecord, readController, readToken } from "../system/app-folder.js";
import { requireApp } from "./app-lookup.js";
import type { Session } from "./session.js";

export interface Connection {
  readonly folder: AppFolder;
  readonly record: ControllerRecord;
  readonly client: AdminClient;
}

const restartLimitMs = 5_000;
const lookEveryMs = 25;

/** Throws NOT_RUNNING when no controller runs and none is about to. */
export async function connect(session: Session): Promise<Connection> {
  const folder = requireApp(session.options.appFolder);
  const connection = await tryConnect(folder);
  if (connection) return connection;
  throw new TuskError("NOT_RUNNING", `the app in ${folder.root} is not running`, {
    hint: "`tusk up` starts it; `tusk doctor` looks for what a crash left",
  });
}

/** Null when no controller runs and none is about to. */
export async function tryConnect(folder: AppFolder): Promise<Connection | null> {
  const deadline = performance.now() + restartLimitMs;
  for (;;) {
    const record = readController(folder);
    if (record) return connectTo(folder, record);
    if (performance.now() >= deadline || !(await keeperAnswers(folder))) return null;
    await delay(lookEveryMs);
  }
}

export function connectTo(folder: AppFolder, record: ControllerRecord): Connection {
  const token = readToken(folder);
  if (token === null) {
    throw new TuskError("STATE_DAMAGED", `${folder.files.token} is missing, so the controller cannot be spoken to`, {
      hint: "`tusk doctor --prune` ends what runs; `tusk up` starts it again with a new token",
    });
  }
  return { folder, record, client: createAdminClient({ url: record.url, token }) };
}

export function keeperAnswers(folder: AppFolder): Promise<boolean> {
  if (!existsSync(folder.keeperSocket)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connectSocket(folder.keeperSocket);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

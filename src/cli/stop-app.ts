// Stops an app through its controller and waits until nothing of it is left: processes, gateway ports, the record.
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { TuskError } from "../base/errors.js";
import { identify, isAlive, listeningInodes, type ProcessIdentity } from "../system/proc.js";
import type { Connection } from "./connect.js";
import { formatDuration } from "./format.js";

const lookEveryMs = 25;

export interface Stopped {
  readonly processes: number;
}

interface Remains {
  readonly processes: readonly { readonly identity: ProcessIdentity; readonly name: string }[];
  readonly ports: readonly number[];
  readonly recordFile: string;
}

/** Throws TIMEOUT that names what is left. */
export async function stopApp(connection: Connection, timeoutMs: number): Promise<Stopped> {
  const deadline = performance.now() + timeoutMs;
  const remains = await findRemains(connection);
  await connection.client.shutdown();
  for (;;) {
    const left = describeLeft(remains);
    if (left.length === 0) return { processes: remains.processes.length };
    if (performance.now() >= deadline) throw notGone(left, timeoutMs);
    await delay(lookEveryMs);
  }
}

/** Identities are taken before the stop: a pid alone may be another process' a moment later. */
async function findRemains({ client, folder, record }: Connection): Promise<Remains> {
  const [entries, { gateway }] = await Promise.all([client.processes(), client.status()]);
  // A program that runs the controller inside itself goes on when the app has stopped.
  const ending = entries.filter(({ pid }) => !(record.embedded && pid === record.pid));
  return {
    processes: ending.flatMap(({ pid, name, role }) => {
      const identity = identify(pid);
      return identity === null ? [] : [{ identity, name: `${role} ${name} (pid ${pid})` }];
    }),
    ports: gateway.map(({ url }) => Number(new URL(url).port || 80)),
    recordFile: folder.files.controller,
  };
}

function describeLeft({ processes, ports, recordFile }: Remains): string[] {
  const alive = processes.filter(({ identity }) => isAlive(identity)).map(({ name }) => name);
  if (alive.length > 0) return alive;
  const held = ports.filter((port) => listeningInodes(port).size > 0).map((port) => `port ${port} is still open`);
  return existsSync(recordFile) ? [...held, recordFile] : held;
}

function notGone(left: readonly string[], timeoutMs: number): TuskError {
  return new TuskError("TIMEOUT", `not everything is gone within ${formatDuration(timeoutMs)}`, {
    hint: "it goes on stopping; `tusk down` again waits for the rest",
    problems: left.map((message) => ({ path: "", message })),
  });
}

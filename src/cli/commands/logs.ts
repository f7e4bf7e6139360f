// `tusk logs`: what instances printed, from their files; a controller is not needed for it.
import { setTimeout as delay } from "node:timers/promises";
import { TuskError } from "../../base/errors.js";
import { requireApp } from "../app-lookup.js";
import { LogBoard, type LogLine, LogPrefixes } from "../logs/log-board.js";
import { chooseLogFiles, isMeant, listLogFiles } from "../logs/log-files.js";
import { readTail } from "../logs/log-tail.js";
import type { Session } from "../session.js";

interface LogsOptions {
  readonly follow?: boolean;
  /** Lines of each instance; Infinity: all. */
  readonly tail: number;
  readonly access?: boolean;
}

const lookEveryMs = 100;

export async function run(
  session: Session,
  [name]: readonly [name?: string],
  { follow, tail, access }: LogsOptions,
): Promise<number> {
  if (access) {
    if (name !== undefined)
      throw new TuskError("USAGE", "--access is about all services", { hint: "leave the name out" });
    const { showAccessLog } = await import("./access-log.js");
    return showAccessLog(session, { follow: follow ?? false, tail });
  }
  const { logs } = requireApp(session.options.appFolder);
  const all = listLogFiles(logs);
  const files = chooseLogFiles(all, name);
  const board = new LogBoard(logs, isMeant(all, name));
  const lines = files.flatMap((file) => {
    const read = readTail(file.path, tail);
    board.startAt(file, read.end);
    return read.lines.map((text) => ({ instance: file.name, text }));
  });
  const prefixes = new LogPrefixes(session.style);
  prefixes.add(files.map((file) => file.name));
  if (!follow) {
    session.result(lines, () => lines.map(({ instance, text }) => prefixes.line(instance, text)).join("\n"));
    return 0;
  }
  show(session, prefixes, lines);
  for (;;) {
    await delay(lookEveryMs);
    show(session, prefixes, board.read());
  }
}

function show(session: Session, prefixes: LogPrefixes, lines: readonly LogLine[]): void {
  prefixes.add(lines.map(({ instance }) => instance));
  for (const line of lines) {
    session.print(session.options.json ? JSON.stringify(line) : prefixes.line(line.instance, line.text));
  }
}

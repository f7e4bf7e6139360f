// `tusk logs --access`: what the proxy workers served, one line of JSON a request, from their files.
import { setTimeout as delay } from "node:timers/promises";
import { requireApp } from "../app-lookup.js";
import { AccessLines } from "../logs/access-lines.js";
import type { Session } from "../session.js";

interface AccessLogOptions {
  readonly follow: boolean;
  /** Lines; Infinity: all. */
  readonly tail: number;
}

const lookEveryMs = 100;

export async function showAccessLog(session: Session, { follow, tail }: AccessLogOptions): Promise<number> {
  const access = new AccessLines(requireApp(session.options.appFolder).logs);
  const lines = access.tail(tail);
  if (!follow) {
    session.result(lines.map(parseLine), () => (lines.length === 0 ? nothing : lines.join("\n")));
    return 0;
  }
  for (const line of lines) session.print(line);
  for (;;) {
    await delay(lookEveryMs);
    for (const line of access.read()) session.print(line);
  }
}

const nothing = "no request is in the access log; `accessLog: true` under `gateway:` switches it on";

/** A line that a full disk has cut is shown as it is. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return { line };
  }
}

// `tusk up` without -d: shows events and logs until the app is stopped, here by Ctrl-C or from elsewhere.
import { setTimeout as delay } from "node:timers/promises";
import { errorCodes } from "../base/errors.js";
import type { TuskEvent } from "../base/event.js";
import { type Connection, tryConnect } from "./connect.js";
import { followAcrossRestarts } from "./follow.js";
import type { Interrupts } from "./interrupts.js";
import { type LogBoard, LogPrefixes } from "./logs/log-board.js";
import { renderEvent } from "./render-events.js";
import type { Session } from "./session.js";
import { stopApp } from "./stop-app.js";

export interface Attachment {
  readonly connection: Connection;
  readonly logs: LogBoard;
  readonly interrupts: Interrupts;
  /** Waits until everything is ready; gives the reasons of what is not. */
  readonly ready: () => Promise<readonly string[]>;
}

const lookEveryMs = 100;
/** Longest orderly stop that is waited for; a second Ctrl-C does not wait. */
const stopLimitMs = 300_000;
const lastWordsMs = 1_000;

/** Resolves to the exit code: 0 when the app was stopped from elsewhere. */
export async function attach(session: Session, attachment: Attachment): Promise<number> {
  const { interrupts } = attachment;
  const watched = watch(session, attachment);
  const ended = watched.then(() => true);
  const isEnded = await Promise.race([ended, interrupts.first.then(() => false)]);
  if (isEnded) return 0;
  // What is watched breaks off when the controller ends, which is what was asked for.
  const lastWords = watched.catch(() => {});
  session.note("stopping; Ctrl-C again leaves it to stop by itself");
  const left = interrupts.second.then(() => "left; it goes on stopping, `tusk down` waits for it");
  session.note(await Promise.race([left, stop(attachment.connection, lastWords)]));
  return errorCodes.INTERRUPTED.exit;
}

async function stop({ folder }: Connection, lastWords: Promise<void>): Promise<string> {
  // The controller may have been restarted since.
  const current = await tryConnect(folder);
  if (current !== null) await stopApp(current, stopLimitMs);
  await Promise.race([lastWords, delay(lastWordsMs)]);
  return "stopped";
}

async function watch(session: Session, { connection, logs, ready }: Attachment): Promise<void> {
  const { noteStyle: style } = session;
  const reasons = await ready();
  for (const reason of reasons) session.note(`${style.yellow("not ready:")} ${reason}`);
  const { gateway } = await connection.client.status();
  for (const { url } of gateway) session.note(`gateway ${style.cyan(url)}`);
  session.note(style.dim("Ctrl-C stops everything"));
  const ended = new AbortController();
  const lines = showLogs(session, logs, ended.signal);
  for await (const event of events(connection)) session.note(renderEvent(event, style));
  ended.abort();
  await lines;
}

/** Each once, also across a restart of the controller. */
async function* events({ folder, client: first }: Connection): AsyncGenerator<TuskEvent, void> {
  let after = (await first.events({ limit: 1 })).at(-1)?.id;
  const open = ({ client }: Connection) => client.watchEvents({ after });
  for await (const event of followAcrossRestarts(folder, open)) {
    after = event.id;
    yield event;
  }
}

async function showLogs(session: Session, logs: LogBoard, ended: AbortSignal): Promise<void> {
  const prefixes = new LogPrefixes(session.style);
  for (let isLast = false; !isLast; ) {
    isLast = ended.aborted;
    const lines = logs.read();
    prefixes.add(lines.map(({ instance }) => instance));
    for (const { instance, text } of lines) session.print(prefixes.line(instance, text));
    // Rejects when it ends meanwhile: then one last look is due at once.
    if (!isLast) await delay(lookEveryMs, undefined, { signal: ended }).catch(() => {});
  }
}

// Waits until everything is ready and shows how far it is: a moving list on a terminal, a line a change elsewhere.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { SystemStatus } from "../control/control-plane.js";
import { formatDuration } from "./format.js";
import { changedLines, isAnyFailed, notReady, type ServiceProgress } from "./progress.js";
import type { Session } from "./session.js";

export interface WaitOptions {
  /** Default: all. */
  readonly services?: readonly string[];
  readonly timeoutMs: number;
}

interface Display {
  show(status: SystemStatus): void;
  /** After the last `show`. */
  close(): Promise<void>;
}

export interface Waited {
  /** Of each instance that did not become ready; empty when all did. */
  readonly reasons: readonly string[];
  /** It was not worth waiting on: something failed that will not start again by itself. */
  readonly gaveUp: boolean;
}

export async function waitReady(session: Session, client: AdminClient, options: WaitOptions): Promise<Waited> {
  const wanted = (status: SystemStatus): SystemStatus => only(status, options.services);
  const display = await openDisplay(session, wanted(await client.status()));
  const abort = new AbortController();
  const failed = watchForFailure(client, abort.signal, (status) => display.show(wanted(status)), wanted);
  try {
    const outcome = await Promise.race([
      client.waitReady(options).then((ready) => (ready ? "ready" : "late")),
      failed.then(() => "failed"),
    ]);
    const last = await client.status();
    display.show(wanted(last));
    if (outcome === "ready") return { reasons: [], gaveUp: false };
    const found = notReady(last, options.services);
    const reasons = found.length > 0 ? found : ["the data plane has not acknowledged the plan"];
    return { reasons, gaveUp: outcome === "failed" };
  } finally {
    abort.abort();
    await display.close();
  }
}

/** Throws NOT_READY with the reason of each instance that is not. */
export async function requireReady(session: Session, client: AdminClient, options: WaitOptions): Promise<void> {
  const startedMs = performance.now();
  const { reasons, gaveUp } = await waitReady(session, client, options);
  if (reasons.length === 0) return;
  const tookMs = performance.now() - startedMs;
  const message = gaveUp
    ? `waiting ended after ${formatDuration(tookMs)}: what failed does not start again by itself`
    : `not everything is ready within ${formatDuration(options.timeoutMs)}`;
  throw new TuskError("NOT_READY", message, {
    hint: "`tusk explain <service>` says why, `tusk logs <service>` what it printed",
    problems: reasons.map((message) => ({ path: "", message })),
  });
}

function only(status: SystemStatus, services: readonly string[] | undefined): SystemStatus {
  if (services === undefined) return status;
  return { ...status, services: status.services.filter(({ name }) => services.includes(name)) };
}

/** Resolves when something failed that will not start again by itself; else never. */
async function watchForFailure(
  client: AdminClient,
  signal: AbortSignal,
  show: (status: SystemStatus) => void,
  wanted: (status: SystemStatus) => SystemStatus,
): Promise<void> {
  try {
    for await (const status of client.watchStatus(signal)) {
      show(status);
      if (isAnyFailed(wanted(status))) return;
    }
  } catch {
    // The stream is for show; `waitReady` beside it is what decides and what reports a lost controller.
  }
  return new Promise(() => {});
}

async function openDisplay(session: Session, status: SystemStatus): Promise<Display> {
  if (!session.isLive) return lineDisplay(session);
  const { openLiveDisplay } = await import("./live-progress.js");
  return openLiveDisplay(status);
}

function lineDisplay(session: Session): Display {
  const shown = new Map<string, string>();
  const { noteStyle: style } = session;
  const mark = ({ state }: ServiceProgress): string =>
    ({ ready: style.green("✔"), failed: style.red("✖"), waiting: style.dim("…") })[state];
  return {
    show: (status) => {
      for (const progress of changedLines(shown, status)) {
        shown.set(progress.name, progress.text);
        session.note(`${mark(progress)} ${progress.name}  ${progress.text}`);
      }
    },
    close: async () => {},
  };
}

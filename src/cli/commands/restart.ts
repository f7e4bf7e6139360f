// `tusk restart`: replaces instances, or with --proxy the proxy workers; each successor is ready before its predecessor goes.
import type { AdminClient } from "../../api/client.js";
import { TuskError } from "../../base/errors.js";
import { connect } from "../connect.js";
import { formatDuration } from "../format.js";
import type { Session } from "../session.js";

interface RestartOptions {
  readonly instance?: string;
  readonly proxy?: boolean;
  /** Milliseconds. */
  readonly drain?: number;
}

export async function run(
  session: Session,
  [named]: readonly [service?: string],
  { instance, proxy, drain }: RestartOptions,
): Promise<number> {
  if (proxy) return restartProxy(session, { named: named ?? instance, drainMs: drain });
  if (drain !== undefined) throw new TuskError("USAGE", "--drain is about the workers", { hint: "add --proxy" });
  const service = named ?? serviceOf(instance);
  const { client } = await connect(session);
  const what = instance ?? service ?? "all services";
  session.note(`restarting ${what}`);
  const begin = performance.now();
  await client.restart(service, instance);
  const tookMs = Math.round(performance.now() - begin);
  session.result({ restarted: { service: service ?? null, instance: instance ?? null }, tookMs }, (style) =>
    [style.green("✔"), what, `restarted in ${formatDuration(tookMs)}`].join(" "),
  );
  return 0;
}

/** `users-1` is of `users`. */
function serviceOf(instance: string | undefined): string | undefined {
  if (instance === undefined) return undefined;
  const service = /^(.+)-\d+$/.exec(instance)?.[1];
  if (service !== undefined) return service;
  throw new TuskError("USAGE", `"${instance}" is no instance id`, { hint: "an instance id is `<service>-<number>`" });
}

interface ProxyOptions {
  /** What else was named, and must not be. */
  readonly named: string | undefined;
  readonly drainMs: number | undefined;
}

async function restartProxy(session: Session, { named, drainMs }: ProxyOptions): Promise<number> {
  if (named !== undefined) {
    throw new TuskError("USAGE", `--proxy restarts the workers, which serve every service, not "${named}"`);
  }
  const { client } = await connect(session);
  session.note("restarting the proxy workers");
  const begin = performance.now();
  const watching = new AbortController();
  const told = tellProgress(session, client, watching.signal);
  try {
    const workers = await client.restartProxy(drainMs === undefined ? {} : { drainMs });
    const tookMs = Math.round(performance.now() - begin);
    const count = workers.length === 1 ? "1 proxy worker" : `${workers.length} proxy workers`;
    session.result({ restarted: { proxy: true, workers }, tookMs }, (style) =>
      [style.green("✔"), count, `restarted in ${formatDuration(tookMs)}`].join(" "),
    );
    return 0;
  } finally {
    watching.abort();
    await told;
  }
}

/** What the controller says while it works. */
async function tellProgress(session: Session, client: AdminClient, signal: AbortSignal): Promise<void> {
  try {
    for await (const { kind, message } of client.watchEvents({ limit: 0 }, signal)) {
      if (kind === "worker.renewed" || kind === "worker.drained") session.note(message);
    }
  } catch {
    // Only what is said on the way is lost: the answer of the restart says how it went.
  }
}

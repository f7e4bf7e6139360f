// `tusk restart`: replaces instances, each successor ready before its predecessor goes.
import { TuskError } from "../../base/errors.js";
import { connect } from "../connect.js";
import { formatDuration } from "../format.js";
import type { Session } from "../session.js";

interface RestartOptions {
  readonly instance?: string;
}

export async function run(
  session: Session,
  [named]: readonly [service?: string],
  { instance }: RestartOptions,
): Promise<number> {
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

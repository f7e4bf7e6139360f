// `tusk scale NAME=N ...`: every argument is checked before the first is applied.
import { TuskError } from "../../base/errors.js";
import { nameHint } from "../../base/nearest-name.js";
import { connect } from "../connect.js";
import { renderChanges } from "../render-changes.js";
import type { Session } from "../session.js";
import { requireReady } from "../wait-ready.js";

interface ScaleOptions {
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface ScaleTarget {
  readonly service: string;
  readonly replicas: number;
}

/** Throws USAGE. */
export function parseScaleTargets(words: readonly string[]): ScaleTarget[] {
  const targets = words.map((word) => {
    const [, service, digits] = /^([^=]+)=(\d{1,3})$/.exec(word) ?? [];
    const replicas = Number(digits);
    if (service === undefined || !(replicas <= 100)) {
      throw new TuskError("USAGE", `"${word}" is not <service>=<replicas>`, { hint: "e.g. users=3; 0 to 100" });
    }
    return { service, replicas };
  });
  const repeated = targets.find(({ service }, index) => targets.findIndex((one) => one.service === service) !== index);
  if (repeated) throw new TuskError("USAGE", `"${repeated.service}" is given twice`);
  return targets;
}

export async function run(
  session: Session,
  [words]: readonly [words: readonly string[]],
  options: ScaleOptions,
): Promise<number> {
  const targets = parseScaleTargets(words);
  const { client } = await connect(session);
  const known = (await client.status()).services.map(({ name }) => name);
  for (const { service } of targets) {
    if (!known.includes(service)) {
      throw new TuskError("UNKNOWN_SERVICE", `there is no service "${service}"`, { hint: nameHint(service, known) });
    }
  }
  const results = [];
  for (const { service, replicas } of targets) results.push(await client.scale(service, replicas));
  const services = targets.map(({ service }) => service);
  if (options.wait) await requireReady(session, client, { services, timeoutMs: options.timeout });
  const changes = results.flatMap((result) => result.changes);
  const warnings = results.flatMap((result) => result.warnings);
  session.result({ changes, warnings, ready: options.wait ? true : null }, (style) =>
    changes.length === 0 ? "nothing to change" : renderChanges({ changes, replaced: [], warnings }, style),
  );
  return 0;
}

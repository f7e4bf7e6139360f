// The last line of `tusk up`: what it has come to. Pure.
import type { ApplyResult, SystemStatus } from "../control/control-plane.js";
import { count, formatDuration } from "./format.js";
import type { Style } from "./style.js";

export interface UpOutcome {
  readonly status: SystemStatus;
  /** Null: it was started, not changed. */
  readonly applied: ApplyResult | null;
  /** Everything is ready: it was waited for. */
  readonly waited: boolean;
  readonly tookMs: number;
}

/** The spec is the one in force, and no instance starts anew for it. */
export function changesNothing({ changes, replaced }: ApplyResult): boolean {
  return changes.length === 0 && replaced.length === 0;
}

export function renderUp(outcome: UpOutcome, style: Style): string {
  const { app, gateway } = outcome.status;
  const urls = gateway.map(({ url }) => `  gateway ${style.cyan(url)}`).join("");
  return `${style.green("✔")} ${style.bold(app)} ${describe(outcome)}${urls}`;
}

function describe({ status, applied, waited, tookMs }: UpOutcome): string {
  const instances = status.services.flatMap((service) => service.instances);
  const ready = instances.filter((instance) => instance.ready).length;
  const share = `${ready} of ${count(instances.length, "instance")} ready`;
  const after = `after ${formatDuration(tookMs)}`;
  if (applied !== null && changesNothing(applied)) return `runs already: ${share}`;
  if (waited) return `is up: ${count(instances.length, "instance")} ready ${after}`;
  return applied === null
    ? `is starting: ${count(instances.length, "instance")} ${after}`
    : `is changing: ${share} ${after}`;
}

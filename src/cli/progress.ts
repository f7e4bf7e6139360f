// What `tusk up --wait` waits for: from the status to one line a service, and to a verdict. Pure.
import type { InstanceStatus, ServiceStatus, SystemStatus } from "../control/control-plane.js";
import { withoutControls } from "./format.js";

export interface ServiceProgress {
  readonly name: string;
  readonly state: "waiting" | "ready" | "failed";
  /** `1/2 ready; users-2: connection refused` */
  readonly text: string;
}

export function toProgress({ name, ready, replicas, instances }: ServiceStatus): ServiceProgress {
  const behind = instances.filter((instance) => !instance.ready);
  const state = ready >= replicas ? "ready" : behind.some(isFailed) ? "failed" : "waiting";
  const first = behind.find(isFailed) ?? behind[0];
  const because = state === "ready" || first === undefined ? "" : `; ${describe(first)}`;
  return { name, state, text: `${ready}/${replicas} ready${because}` };
}

/** Nothing but a new revision or a restart starts it again. */
const isFailed = ({ phase }: InstanceStatus): boolean => phase === "failed";

const describe = ({ id, reason, waitingFor }: InstanceStatus): string =>
  `${id}: ${withoutControls(reason)}${waitingFor.length > 0 ? ` (waits for ${waitingFor.join(", ")})` : ""}`;

export function isAnyFailed(status: SystemStatus): boolean {
  return status.services.some((service) => toProgress(service).state === "failed");
}

/** Each instance that is not ready with its reason; for the moment when waiting ends. */
export function notReady(status: SystemStatus, services?: readonly string[]): string[] {
  return status.services
    .filter(({ name }) => services === undefined || services.includes(name))
    .flatMap(({ name, ready, replicas, instances }) => {
      const reasons = instances.filter((instance) => !instance.ready).map(describe);
      const missing = ready < replicas && reasons.length === 0;
      return missing ? [`${name}: ${ready} of ${replicas} instances exist`] : reasons;
    });
}

/** The lines of `next` that say something else than before: what a log shows instead of a moving display. */
export function changedLines(before: ReadonlyMap<string, string>, status: SystemStatus): ServiceProgress[] {
  return status.services.map(toProgress).filter(({ name, text }) => before.get(name) !== text);
}

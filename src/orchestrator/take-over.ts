// The first thing a controller does: takes over what a former one left. Adopts what belongs into slots, with its ports,
// and ends the rest. The supervisor then decides what becomes of the adopted ones.
import { mkdirSync } from "node:fs";
import type { Clock } from "../base/clock.js";
import type { EmitEvent } from "../base/event.js";
import type { ServiceProcessPlan } from "../plan/process-plan.js";
import type { ProcessTable } from "../system/process-table.js";
import { type FoundInstance, findInstances } from "./adoption.js";
import { clearTag } from "./clearing.js";
import type { InstanceHost } from "./instance-host.js";
import { type InstanceRecords, readRecords } from "./instance-records.js";
import type { AdoptedLife } from "./service.js";

export interface TakeOverOptions {
  readonly recordsFile: string;
  readonly logsFolder: string;
  readonly table: ProcessTable;
  readonly host: InstanceHost;
  readonly clock: Clock;
  readonly emit: EmitEvent;
  readonly planFor: (service: string, hash: string) => ServiceProcessPlan | undefined;
}

export interface TakenOver {
  readonly adopted: readonly AdoptedLife[];
  readonly prepared: InstanceRecords["prepared"];
  /** Resolves when the strays are gone. */
  readonly straysGone: Promise<unknown>;
}

const strayGraceMs = 2000;

export function takeOver(options: TakeOverOptions): TakenOver {
  const { table, clock, emit } = options;
  mkdirSync(options.logsFolder, { recursive: true });
  const { records, damaged } = readRecords(options.recordsFile);
  if (damaged) tellDamaged(emit, damaged);
  table.refresh({ exact: true });
  const { instances, strays } = findInstances(table, records.instances, clock.now());
  return {
    adopted: instances.map((found, index) => adopt(found, index + 1, options)),
    prepared: records.prepared,
    straysGone: Promise.all(strays.map((tag) => endStray(tag, options))),
  };
}

function adopt(found: FoundInstance, run: number, options: TakeOverOptions): AdoptedLife {
  const { service, number, role, target, process, restarts } = found;
  const plan = options.planFor(service, target.hash) ?? unknownPlan(found);
  options.host.adopt(found, run, plan);
  const state = stateOf(found, { plan, listens: () => options.host.listens(run) });
  const orphaned = state === "orphaned";
  const what = orphaned ? "lost its first process and is ended" : `runs on as pid ${process?.pid}`;
  options.emit({
    kind: orphaned ? "instance.orphaned" : "instance.adopted",
    level: orphaned ? "warning" : "info",
    service,
    instance: `${service}-${number}`,
    message: `${service}-${number} was started by a former controller and ${what}`,
  });
  return { run, service, number, role, target, state, restarts };
}

/** Ready at once when it was ready and still listens: a change of controllers takes nobody out of load balancing. */
function stateOf(
  found: FoundInstance,
  { plan, listens }: { readonly plan: ServiceProcessPlan; readonly listens: () => boolean },
): AdoptedLife["state"] {
  if (found.process === null) return "orphaned";
  const listening = plan.probes && plan.probes.startup.check.kind !== "command";
  if (listening && (found.state === "starting" || !listens())) return "starting";
  return found.state;
}

function endStray(tag: string, { table, clock, emit }: TakeOverOptions): Promise<void> {
  const message = `processes that a former controller left and nothing wants are ended: ${tag}`;
  emit({ kind: "leftover.stopped", level: "warning", message });
  return clearTag({ tag, table, clock, graceMs: strayGraceMs });
}

function tellDamaged(emit: EmitEvent, aside: string): void {
  emit({
    kind: "state.damaged",
    level: "error",
    message: `instances.json was damaged and set aside as ${aside}; running instances are found under /proc`,
    details: { code: "STATE_DAMAGED", aside },
  });
}

/** For a process whose service the plan does not name: it is only drained and stopped. */
function unknownPlan(found: FoundInstance): ServiceProcessPlan {
  const { service, target } = found;
  const nothing = { env: {}, directUrls: {}, replicas: 0, startAfter: [], drainMs: 5000, stopGraceMs: 10_000 };
  return { service, ...target, cwd: "/", run: { kind: "exec", argv: ["/bin/false"] }, ...nothing };
}

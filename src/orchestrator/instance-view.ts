// What the supervisor's state and the facts about the processes look like from outside. Pure mapping.

import type { Life } from "./life.js";
import type { InstanceHealth, InstancePhase, InstanceView, ProbeResult, ProcessIdentity } from "./orchestrator.js";
import type { Sample } from "./sampler.js";
import type { Service } from "./service.js";
import type { Slot } from "./slot.js";

/** What only the shell knows of a life. */
export interface LifeFacts {
  readonly process: ProcessIdentity | null;
  readonly adopted: boolean;
  readonly port: number;
  readonly startedAt: string;
  readonly lastProbe: ProbeResult | null;
}

export interface ViewSources {
  factsOf(run: number): LifeFacts | undefined;
  sampleOf(run: number): Sample | undefined;
  /** Port of a slot that has no process: the one it keeps, 0 when it has none yet. */
  portOf(slot: string): number;
  /** By the log's name: a slot's id, or that of commands beside it. */
  logFileOf(name: string): string;
  /** ISO 8601 of a monotonic time. */
  isoOf(monotonicMs: number): string;
}

export function viewService(service: Service, sources: ViewSources): InstanceView[] {
  return service.slots.flatMap((slot) => {
    const views = slot.current ? [viewLife(service, slot, { life: slot.current, id: slot.id, sources })] : [];
    if (slot.successor) views.push(viewLife(service, slot, { life: slot.successor, id: `${slot.id}+`, sources }));
    return views.length > 0 ? views : [viewRest(service, slot, sources)];
  });
}

function viewLife(
  service: Service,
  slot: Slot,
  { life, id, sources }: { readonly life: Life; readonly id: string; readonly sources: ViewSources },
): InstanceView {
  const facts = sources.factsOf(life.run);
  const sample = sources.sampleOf(life.run);
  return {
    id,
    service: service.name,
    slot: slot.number,
    revision: life.target.revision,
    phase: life.stage,
    health: healthOf(life),
    ready: life.ready,
    reason: life.reason,
    waitingFor: [],
    process: facts?.process ?? null,
    adopted: facts?.adopted ?? false,
    port: facts?.port ?? 0,
    restarts: slot.restarts,
    startedAt: facts?.startedAt ?? null,
    nextStartAt: null,
    lastExit: slot.lastExit,
    lastProbe: facts?.lastProbe ?? null,
    cpuPercent: sample?.cpuPercent ?? null,
    memoryBytes: sample?.memoryBytes ?? null,
    logFile: sources.logFileOf(slot.id),
  };
}

function healthOf(life: Life): InstanceHealth {
  if (life.ready) return life.readiness.failures > 0 || life.liveness.failures > 0 ? "warning" : "passing";
  const neverReady = life.fate === null && life.readyForMs === 0 && life.readiness.failures === 0;
  return neverReady && life.listenerLost === null ? "starting" : "critical";
}

function viewRest(service: Service, slot: Slot, sources: ViewSources): InstanceView {
  const { rest } = slot;
  return {
    id: slot.id,
    service: service.name,
    slot: slot.number,
    revision: service.wanted.revision,
    phase: rest.kind satisfies InstancePhase,
    health: rest.kind === "waiting" ? "starting" : "critical",
    ready: false,
    reason: rest.reason,
    waitingFor: rest.kind === "waiting" ? rest.waitingFor : [],
    process: null,
    adopted: false,
    port: sources.portOf(slot.id),
    restarts: slot.restarts,
    startedAt: null,
    nextStartAt: rest.kind === "backoff" ? sources.isoOf(rest.until) : null,
    lastExit: slot.lastExit,
    lastProbe: null,
    cpuPercent: null,
    memoryBytes: null,
    logFile: sources.logFileOf(isPreparing(service) ? `${service.name}.setup` : slot.id),
  };
}

/** Then what there is to read is what build and setup print, or said last. */
function isPreparing({ preparation: { state } }: Service): boolean {
  return state === "running" || state === "failed";
}

/** The same objects where nothing changed, so that watchers can tell; the very same map when nothing changed at all. */
export function mergeViews(
  before: ReadonlyMap<string, InstanceView>,
  views: readonly InstanceView[],
): ReadonlyMap<string, InstanceView> {
  const merged = new Map<string, InstanceView>();
  let changed = views.length !== before.size;
  for (const view of views) {
    const old = before.get(view.id);
    const same = old !== undefined && JSON.stringify(old) === JSON.stringify(view);
    merged.set(view.id, same ? old : view);
    changed ||= !same;
  }
  return changed ? merged : before;
}

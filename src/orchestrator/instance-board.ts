// What is seen of the instances, and what is written down of them for the next controller: the supervisor's state joined
// with what is known of the processes. Decides nothing.
import type { Clock } from "../base/clock.js";
import type { EmitEvent } from "../base/event.js";
import { type ReadonlyWatchable, Watchable } from "../base/watchable.js";
import type { InstanceHost, Running } from "./instance-host.js";
import { type InstanceRecords, RecordWriter } from "./instance-records.js";
import { mergeViews, type ViewSources, viewService } from "./instance-view.js";
import type { InstanceView } from "./orchestrator.js";
import type { PortLeases } from "./port-leases.js";
import type { Sample } from "./sampler.js";
import type { SupervisorState } from "./supervisor.js";
import { lifeOf, slotOf } from "./supervisor-lookup.js";

export interface InstanceBoardOptions {
  readonly recordsFile: string;
  readonly clock: Clock;
  readonly leases: PortLeases;
  readonly emit: EmitEvent;
  readonly host: InstanceHost;
  /** Preparations that are done, as they are recorded. */
  readonly prepared: () => InstanceRecords["prepared"];
}

export class InstanceBoard {
  readonly #options: InstanceBoardOptions;
  readonly #views = new Watchable<ReadonlyMap<string, InstanceView>>(new Map());
  readonly #records: RecordWriter;

  constructor(options: InstanceBoardOptions) {
    this.#options = options;
    this.#records = new RecordWriter(options.recordsFile, options.emit);
  }

  get views(): ReadonlyWatchable<ReadonlyMap<string, InstanceView>> {
    return this.#views;
  }

  /** Of one process; undefined when its slot is gone. */
  viewOf(state: SupervisorState, run: number): InstanceView | undefined {
    const running = this.#options.host.running.get(run);
    const slot = running && slotOf(state, running.slot);
    if (!slot) return undefined;
    return this.#views.get().get(slot.successor?.run === run ? `${slot.id}+` : slot.id);
  }

  /** `samples` by tag. */
  publish(state: SupervisorState, samples: ReadonlyMap<string, Sample>): void {
    const { host, leases } = this.#options;
    const sources: ViewSources = {
      factsOf: (run) => host.running.get(run),
      sampleOf: (run) => samples.get(host.running.get(run)?.tag ?? ""),
      portOf: (slot) => leases.all().get(`instance/${slot}`) ?? 0,
      logFileOf: (slot) => host.logFileOf(slot),
      isoOf: (at) => this.#isoOf(at),
    };
    const views = [...state.services.values()].flatMap((service) => viewService(service, sources));
    this.#views.set(mergeViews(this.#views.get(), views));
  }

  save(state: SupervisorState): void {
    const running = [...this.#options.host.running.values()];
    this.#records.write({
      instances: running.map((process) => recordOf(state, process)),
      prepared: this.#options.prepared(),
    });
  }

  /** Rounded, because the two clocks are read one after the other. */
  #isoOf(monotonicMs: number): string {
    const { clock } = this.#options;
    const at = clock.now() + monotonicMs - clock.monotonic();
    return new Date(Math.round(at / 100) * 100).toISOString();
  }
}

function recordOf(state: SupervisorState, running: Running): InstanceRecords["instances"][number] {
  const { tag, number, role, target, port, process, startedAt, plan } = running;
  const life = lifeOf(state, running);
  const seen = life?.ready ? "ready" : life?.stage === "starting" ? "starting" : "running";
  const restarts = slotOf(state, running.slot)?.restarts ?? 0;
  return { tag, service: plan.service, number, role, target, port, process, startedAt, restarts, state: seen };
}

// A driver in memory: instances are what the test says they are, and what is asked of it is written down.
import { Watchable } from "../../src/base/watchable.js";
import type { InstanceHealthReport, InstanceView, Orchestrator } from "../../src/orchestrator/orchestrator.js";
import type { ProcessPlan } from "../../src/plan/process-plan.js";

export function instanceView(id: string, more: Partial<InstanceView> = {}): InstanceView {
  const slot = Number.parseInt(id.slice(id.lastIndexOf("-") + 1), 10);
  return {
    id,
    service: id.slice(0, id.lastIndexOf("-")),
    slot,
    revision: 1,
    phase: "running",
    health: "passing",
    ready: true,
    reason: "readiness probe passed: connected",
    waitingFor: [],
    process: { pid: 1000 + slot, startTicks: 1, bootId: "boot" },
    adopted: false,
    port: 20_000 + slot,
    restarts: 0,
    startedAt: "2026-01-01T00:00:00.000Z",
    nextStartAt: null,
    lastExit: null,
    lastProbe: null,
    cpuPercent: null,
    memoryBytes: null,
    logFile: `/app/.tusk/logs/${id}.log`,
    ...more,
  };
}

export const startingView = (id: string, more: Partial<InstanceView> = {}): InstanceView =>
  instanceView(id, { phase: "starting", health: "starting", ready: false, reason: "no probe has passed yet", ...more });

export class FakeOrchestrator implements Orchestrator {
  readonly instances = new Watchable<ReadonlyMap<string, InstanceView>>(new Map());
  readonly plans: ProcessPlan[] = [];
  /** What was asked, in order. */
  readonly log: string[] = [];

  show(...views: readonly InstanceView[]): void {
    this.instances.set(new Map(views.map((view) => [view.id, view])));
  }

  get plan(): ProcessPlan | undefined {
    return this.plans.at(-1);
  }

  apply(plan: ProcessPlan): void {
    this.plans.push(plan);
    this.log.push(`apply ${plan.services.map(({ service, replicas }) => `${service}=${replicas}`).join(" ")}`);
  }

  async restart(service: string, instance?: string): Promise<void> {
    this.log.push(`restart ${instance ?? service}`);
  }

  async checkHealth(service: string): Promise<readonly InstanceHealthReport[]> {
    const own = [...this.instances.get().values()].filter((view) => view.service === service);
    return own.map(({ id, ready, reason }) => ({ instance: id, ok: ready, reason, probes: [] }));
  }

  async stopAll(): Promise<void> {
    this.log.push("stopAll");
    this.show();
  }

  async detach(): Promise<void> {
    this.log.push("detach");
  }
}

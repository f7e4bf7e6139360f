// Brings ejected instances back by a probe that sees what requests see: where a service's readiness is an HTTP probe,
// it is made once a period while an instance is ejected, and the workers are told when it passes. A connection to the
// port, or a command, proves nothing about answers, so that with those an ejection ends by its time alone.
import type { Clock } from "../base/clock.js";
import type { WorkerNotice, WorkerRequest } from "../keeper/protocol.js";
import type { InstanceHealthReport, InstanceView } from "../orchestrator/orchestrator.js";
import type { ProcessPlan } from "../plan/process-plan.js";
import { epochOf } from "./endpoint-runner.js";

export interface EjectionProbesOptions {
  readonly clock: Clock;
  readonly plan: () => ProcessPlan;
  readonly views: () => readonly InstanceView[];
  readonly check: (service: string) => Promise<readonly InstanceHealthReport[]>;
  readonly tell: (request: Extract<WorkerRequest, { type: "probe-passed" }>) => void;
}

type Ejected = Extract<WorkerNotice, { type: "ejected" }>;

export class EjectionProbes {
  readonly #options: EjectionProbesOptions;
  /** Until when, by life. */
  readonly #ejected = new Map<string, number>();
  #closed = false;

  constructor(options: EjectionProbesOptions) {
    this.#options = options;
  }

  onNotice(notice: WorkerNotice): void {
    if (notice.type !== "ejected" || this.#periodMs(notice.cluster) === null) return;
    const life = lifeOf(notice);
    const isNew = !this.#ejected.has(life);
    this.#ejected.set(life, notice.untilEpochMs);
    // Each worker ejects by itself; one look serves them all.
    if (isNew) this.#lookLater(notice);
  }

  close(): void {
    this.#closed = true;
  }

  #lookLater(notice: Ejected): void {
    const { clock } = this.#options;
    const periodMs = this.#periodMs(notice.cluster);
    const until = this.#ejected.get(lifeOf(notice)) ?? 0;
    // Over before the next look, or the readiness is another one now.
    if (this.#closed || periodMs === null || clock.now() + periodMs >= until) {
      this.#ejected.delete(lifeOf(notice));
      return;
    }
    clock.setTimer(periodMs, () => void this.#look(notice));
  }

  async #look(notice: Ejected): Promise<void> {
    const { clock, tell } = this.#options;
    const { cluster, endpoint, epoch } = notice;
    const begunAtEpochMs = clock.now();
    // A check that cannot be made passes nothing; the ejection ends by itself.
    const hasPassed = await this.#passes(notice).catch(() => false);
    if (hasPassed) {
      this.#ejected.delete(lifeOf(notice));
      tell({ type: "probe-passed", cluster, endpoint, epoch, begunAtEpochMs });
    } else this.#lookLater(notice);
  }

  async #passes({ cluster, epoch }: Ejected): Promise<boolean> {
    const view = this.#options.views().find((one) => one.service === cluster && epochOf(one) === epoch);
    if (view === undefined) return false;
    const report = (await this.#options.check(cluster)).find(({ instance }) => instance === view.id);
    return report?.probes.some(({ probe, ok }) => probe === "readiness" && ok) ?? false;
  }

  /** Null: its readiness is no HTTP probe, or nothing is probed. */
  #periodMs(service: string): number | null {
    const readiness = this.#options.plan().services.find((entry) => entry.service === service)?.probes?.readiness;
    return readiness?.check.kind === "http" ? readiness.periodMs : null;
  }
}

const lifeOf = ({ endpoint, epoch }: Ejected): string => `${endpoint}@${epoch}`;

// The plans that processes run by: what is planned, and older ones while a process of theirs is left.
import type { ServiceProcessPlan } from "../plan/process-plan.js";

export class PlanBook {
  /** By service, by hash; the newest last. */
  readonly #plans = new Map<string, Map<string, ServiceProcessPlan>>();

  note(plan: ServiceProcessPlan): void {
    const byHash = this.#plans.get(plan.service) ?? new Map<string, ServiceProcessPlan>();
    byHash.delete(plan.hash);
    this.#plans.set(plan.service, byHash.set(plan.hash, plan));
  }

  /** A process of a plan that only a former controller knew goes by the newest one. */
  find(service: string, hash: string): ServiceProcessPlan | undefined {
    const byHash = this.#plans.get(service);
    return byHash?.get(hash) ?? [...(byHash?.values() ?? [])].at(-1);
  }

  /** Forgets all but these; `hashesOf` gives null for a service that is gone. */
  prune(hashesOf: (service: string) => ReadonlySet<string> | null): void {
    for (const [service, byHash] of this.#plans) {
      const used = hashesOf(service);
      if (used === null) this.#plans.delete(service);
      for (const hash of byHash.keys()) if (!used?.has(hash)) byHash.delete(hash);
    }
  }
}

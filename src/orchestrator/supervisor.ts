// What to do next with all instances of all services: pure, `(state, event, now) -> { state, effects }`.
// Knows services (order of starts, build and setup, one replacement at a time, number of slots) and leaves what happens
// within a slot to slot.ts. Does no I/O; process-driver.ts performs the effects.

import type { EventDraft } from "../base/event.js";
import type { SlotPolicy, Target } from "./life.js";
import {
  type AdoptedLife,
  adoptedLife,
  askReplacement,
  hasReady,
  holds,
  isIdle,
  leftoverService,
  mayStart,
  needsReplacement,
  newService,
  type Preparation,
  preparationOf,
  restAll,
  type Service,
  type ServiceIntent,
} from "./service.js";
import {
  abandonSuccessor,
  newSlot,
  noReplacement,
  type Rest,
  replaceSlot,
  retireSlot,
  type Slot,
  type SlotContext,
  type SlotEffect,
  type SlotEvent,
  slotDueAt,
  startSlot,
  stepSlot,
  tickSlot,
} from "./slot.js";

export interface SupervisorState {
  readonly services: ReadonlyMap<string, Service>;
  readonly nextRun: number;
}

export type SupervisorEvent =
  | { readonly type: "apply"; readonly services: readonly ServiceIntent[]; readonly adopted?: readonly AdoptedLife[] }
  | { readonly type: "restart"; readonly service: string; readonly slot?: string }
  | { readonly type: "prepared"; readonly service: string; readonly hash: string }
  | { readonly type: "prepare-failed"; readonly service: string; readonly hash: string; readonly reason: string }
  | { readonly type: "tick" }
  | SlotEvent;

export type SupervisorEffect =
  | SlotEffect
  | { readonly type: "prepare"; readonly service: string; readonly target: Target }
  | { readonly type: "slot-gone"; readonly slot: string }
  | { readonly type: "revision-ready"; readonly service: string; readonly revision: number };

export interface SupervisorStep {
  readonly state: SupervisorState;
  readonly effects: readonly SupervisorEffect[];
}

/** For a service that only a former controller knew. */
const leftoverPolicy: SlotPolicy = {
  probed: false,
  startupLimitMs: 60_000,
  readiness: { successThreshold: 1, failureThreshold: 3 },
  liveness: { successThreshold: 1, failureThreshold: 3 },
  drainMs: 5000,
  stopGraceMs: 10_000,
};

export const initialSupervisor: SupervisorState = { services: new Map(), nextRun: 1 };

export function stepSupervisor(state: SupervisorState, event: SupervisorEvent, now: number): SupervisorStep {
  const step = new Step(state, now);
  step.handle(event);
  step.settle();
  return { state: { services: step.services, nextRun: step.nextRun }, effects: step.effects };
}

/** Monotonic milliseconds at which a `tick` is due; null: nothing waits for time. */
export function supervisorDueAt(state: SupervisorState): number | null {
  const times = [...state.services.values()].flatMap((service) => service.slots.map(slotDueAt));
  const due = times.filter((time) => time !== null);
  return due.length === 0 ? null : Math.min(...due);
}

/** The mutable middle of one step; nothing of it outlives the step. */
class Step {
  readonly services: Map<string, Service>;
  readonly effects: SupervisorEffect[] = [];
  nextRun: number;
  readonly #now: number;

  constructor(state: SupervisorState, now: number) {
    this.services = new Map(state.services);
    this.nextRun = state.nextRun;
    this.#now = now;
  }

  handle(event: SupervisorEvent): void {
    switch (event.type) {
      case "apply":
        this.#apply(event.services, event.adopted ?? []);
        break;
      case "restart":
        this.#update(event.service, (service) => this.#askRestart(service, event.slot));
        break;
      case "prepared":
        this.#update(event.service, (service) => this.#prepared(service, event.hash));
        break;
      case "prepare-failed":
        this.#update(event.service, (service) => this.#prepareFailed(service, event.hash, event.reason));
        break;
      case "tick":
        this.#eachSlot((slot, context) => tickSlot(slot, context));
        break;
      default:
        this.#eachSlot((slot, context) => (holds(slot, event.run) ? stepSlot(slot, event, context) : slot));
    }
  }

  /** Brings every service nearer to what is wanted. */
  settle(): void {
    for (const name of [...this.services.keys()]) this.#update(name, (service) => this.#settleService(service));
    for (const [name, service] of this.services) {
      if (service.leaving && service.slots.length === 0) this.services.delete(name);
    }
  }

  #update(name: string, change: (service: Service) => Service): void {
    const service = this.services.get(name);
    if (service) this.services.set(name, change(service));
  }

  #eachSlot(change: (slot: Slot, context: SlotContext) => Slot): void {
    for (const service of this.services.values()) {
      const slots = service.slots.map((slot) => change(slot, this.#context(service, slot)));
      if (slots.some((slot, index) => slot !== service.slots[index]))
        this.services.set(service.name, { ...service, slots });
    }
  }

  #context(service: Service, slot: Slot): SlotContext {
    return {
      now: this.#now,
      policy: service.policy,
      service: service.name,
      instance: slot.id,
      effects: this.effects,
      nextRun: () => this.nextRun++,
    };
  }

  // --- what is wanted changes

  #apply(intents: readonly ServiceIntent[], adopted: readonly AdoptedLife[]): void {
    const named = new Set(intents.map((intent) => intent.service));
    for (const service of this.services.values()) {
      if (!named.has(service.name)) this.services.set(service.name, { ...service, replicas: 0, leaving: true });
    }
    for (const intent of intents) this.services.set(intent.service, this.#merge(intent));
    for (const life of adopted) this.#adopt(life);
  }

  #merge(intent: ServiceIntent): Service {
    const known = this.services.get(intent.service);
    const { target, policy, startAfter, replicas } = intent;
    const plain = { policy, startAfter, replicas, leaving: false, planned: target };
    if (known && known.refused === target.hash) return { ...known, ...plain };
    if (!known) return newService(intent);
    if (known.wanted.hash === target.hash && !known.leaving) {
      return { ...known, ...plain, wanted: target, refused: null };
    }
    const preparation = preparationOf(intent);
    const slots = known.slots.map((slot) => this.#retarget(slot, known, target));
    return { ...known, ...plain, wanted: target, refused: null, preparation, slots };
  }

  /** New commands: what failed or waits with the old ones is tried with the new ones at once. */
  #retarget(slot: Slot, service: Service, target: Target): Slot {
    const rest: Rest = { kind: "waiting", reason: `waits to start revision ${target.revision}`, waitingFor: [] };
    const fresh = slot.rest.kind === "waiting" ? slot : { ...slot, rest };
    if (slot.successor === null || slot.successor.target.hash === target.hash) return fresh;
    return abandonSuccessor(fresh, `revision ${target.revision} is wanted by now`, this.#context(service, slot));
  }

  #adopt(adopted: AdoptedLife): void {
    const service = this.services.get(adopted.service) ?? leftoverService(adopted, leftoverPolicy);
    const found =
      service.slots.find((slot) => slot.number === adopted.number) ?? newSlot(adopted.service, adopted.number);
    const context = this.#context(service, found);
    const life = adoptedLife(adopted, context);
    const slot: Slot = { ...found, [adopted.role]: life, restarts: Math.max(found.restarts, adopted.restarts) };
    const others = service.slots.filter((other) => other.number !== adopted.number);
    const slots = [...others, slot].sort((a, b) => a.number - b.number);
    this.services.set(service.name, { ...service, slots, begun: true });
    this.nextRun = Math.max(this.nextRun, adopted.run + 1);
  }

  #askRestart(service: Service, only: string | undefined): Service {
    const slots = service.slots.map((slot) => (only === undefined || slot.id === only ? askReplacement(slot) : slot));
    const preparation: Preparation =
      service.preparation.state === "failed" || service.planned.hash !== service.preparation.hash
        ? { hash: service.planned.hash, state: "todo", reason: "" }
        : service.preparation;
    return { ...service, wanted: service.planned, refused: null, preparation, slots };
  }

  // --- build and setup

  #prepared(service: Service, hash: string): Service {
    if (service.preparation.hash !== hash) return service;
    return { ...service, preparation: { hash, state: "done", reason: "" } };
  }

  #prepareFailed(service: Service, hash: string, reason: string): Service {
    if (service.preparation.hash !== hash) return service;
    const serving = service.slots.find((slot) => slot.current !== null && slot.current.fate === null)?.current;
    if (serving) return this.#refuse(service, serving.target, reason);
    this.#emit({ kind: "service.failed", level: "error", service: service.name, message: reason });
    const slots = service.slots.map((slot) =>
      noReplacement({ ...slot, rest: { kind: "failed", reason } }, reason, this.#context(service, slot)),
    );
    return { ...service, slots, preparation: { hash, state: "failed", reason } };
  }

  /** The planned target is no good and another serves: that one stays, until the plan changes or a restart is asked for. */
  #refuse(service: Service, serving: Target, reason: string): Service {
    const message = `revision ${service.wanted.revision} of ${service.name} is given up, revision ${serving.revision} stays: ${reason}`;
    this.#emit({ kind: "service.revision-refused", level: "error", service: service.name, message });
    const slots = service.slots.map((slot) => {
      const context = this.#context(service, slot);
      return noReplacement(abandonSuccessor({ ...slot, refusal: null }, reason, context), reason, context);
    });
    const preparation: Preparation = { hash: serving.hash, state: "done", reason: "" };
    return { ...service, slots, wanted: serving, refused: service.planned.hash, preparation };
  }

  // --- settling

  #settleService(service: Service): Service {
    const sized = this.#resize(this.#takeRefusal(service));
    const prepared = this.#prepare(this.#openGate(sized));
    return this.#announce(this.#replaceNext(this.#startDue(prepared)));
  }

  /** A successor that was given up ends the whole replacement: the next slot would fare no better. */
  #takeRefusal(service: Service): Service {
    const refusing = service.slots.find((slot) => slot.refusal !== null);
    if (!refusing) return service;
    const reason = refusing.refusal ?? "";
    const serving = refusing.current?.target;
    if (serving && serving.hash !== service.wanted.hash) return this.#refuse(service, serving, reason);
    const slots = service.slots.map((slot) =>
      noReplacement({ ...slot, refusal: null }, reason, this.#context(service, slot)),
    );
    return { ...service, slots };
  }

  #resize(service: Service): Service {
    const kept: Slot[] = [];
    for (const slot of service.slots) {
      const next = slot.number > service.replicas ? this.#retire(slot, service) : slot;
      if (next) kept.push(next);
    }
    for (let number = 1; number <= service.replicas; number++) {
      if (!kept.some((slot) => slot.number === number)) kept.push(newSlot(service.name, number));
    }
    kept.sort((a, b) => a.number - b.number);
    return { ...service, slots: kept };
  }

  #retire(slot: Slot, service: Service): Slot | null {
    if (slot.current === null && slot.successor === null) {
      noReplacement(slot, "it was removed", this.#context(service, slot));
      this.effects.push({ type: "slot-gone", slot: slot.id });
      return null;
    }
    if (slot.current?.fate === "removed" && (slot.successor === null || slot.successor.fate === "removed")) return slot;
    const reason = service.leaving
      ? `${service.name} is being stopped`
      : `${service.name} is scaled to ${service.replicas}`;
    return retireSlot(slot, reason, this.#context(service, slot));
  }

  #openGate(service: Service): Service {
    if (service.begun || service.leaving) return service;
    const blockers = this.#blockers(service);
    if (blockers.length === 0) return { ...service, begun: true };
    const first = service.startAfter.filter((name) => !hasReady(this.services.get(name)));
    const reason = `waits for a ready instance of ${first.join(" and ")}`;
    return restAll(service, { kind: "waiting", reason, waitingFor: blockers });
  }

  /** Services that it waits for, nearest first, then those that these wait for. */
  #blockers(service: Service, seen = new Set<string>()): string[] {
    const own = service.startAfter.filter((name) => !hasReady(this.services.get(name)) && !seen.has(name));
    for (const name of own) seen.add(name);
    const further = own.flatMap((name) => {
      const other = this.services.get(name);
      return other && !other.begun ? this.#blockers(other, seen) : [];
    });
    return [...own, ...further];
  }

  #prepare(service: Service): Service {
    const { preparation, wanted } = service;
    if (!service.begun || service.leaving || service.replicas === 0) return service;
    if (preparation.state !== "todo" || preparation.hash !== wanted.hash) return service;
    if (!service.slots.some((slot) => isIdle(slot) || needsReplacement(slot, wanted))) return service;
    this.effects.push({ type: "prepare", service: service.name, target: wanted });
    const running: Service = { ...service, preparation: { ...preparation, state: "running" } };
    return restAll(running, { kind: "waiting", reason: "its build and setup commands run", waitingFor: ["setup"] });
  }

  #startDue(service: Service): Service {
    if (!mayStart(service)) return service;
    const slots = service.slots.map((slot) => {
      const within = slot.number <= service.replicas;
      return within && this.#isDue(slot) ? startSlot(slot, service.wanted, this.#context(service, slot)) : slot;
    });
    return { ...service, slots };
  }

  #isDue(slot: Slot): boolean {
    if (!isIdle(slot) || slot.rest.kind === "failed") return false;
    return slot.rest.kind === "waiting" || this.#now >= slot.rest.until;
  }

  /** One at a time, the lowest first; a process that was never ready has nobody to spare and is replaced at once. */
  #replaceNext(service: Service): Service {
    if (!mayStart(service)) return service;
    let busy = service.slots.some((slot) => slot.successor !== null || slot.replacement === "under-way");
    const slots = service.slots.map((slot) => {
      if (!needsReplacement(slot, service.wanted)) return slot;
      const serves = slot.current?.stage === "running";
      if (serves && busy) return slot;
      busy ||= serves;
      return replaceSlot(slot, service.wanted, this.#context(service, slot));
    });
    return { ...service, slots };
  }

  #announce(service: Service): Service {
    const { planned, slots, completed } = service;
    if (completed === planned.hash || slots.length === 0 || service.leaving) return service;
    if (!slots.every((slot) => slot.current?.ready && slot.current.target.hash === planned.hash && !slot.successor)) {
      return service;
    }
    this.effects.push({ type: "revision-ready", service: service.name, revision: planned.revision });
    return { ...service, completed: planned.hash };
  }

  #emit(event: EventDraft): void {
    this.effects.push({ type: "emit", event });
  }
}

// The registry in memory: joins catalog, change feed and external instances. The supervised part is what the controller
// says; the external part lives by heartbeats, active checks and deregistration. Writes no file (see snapshot.ts).
import type { Clock } from "../base/clock.js";
import { TuskError } from "../base/errors.js";
import type { EmitEvent, EventDraft } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import { uuidv7 } from "../system/clock.js";
import { Catalog } from "./catalog.js";
import { ChangeFeed, type ChangeListener } from "./change-feed.js";
import { CheckRunner } from "./check-runner.js";
import { type Checker, createChecker } from "./checks.js";
import {
  createExternal,
  defaultReport,
  type External,
  type NamedRegistration,
  restoreExternal,
  type StoredRegistration,
  standingOf,
  toInstance,
} from "./external.js";
import { ExternalInstances } from "./external-instances.js";
import { isSameRegistration, parseRegistration, validateReport } from "./registration.js";
import type { LookupQuery, RegisteredInstance, Registration, Registry, SupervisedInstance } from "./registry.js";
import type { Standing } from "./standing.js";
import { toSupervisedEntry } from "./supervised.js";

export interface RegistryOptions {
  readonly clock: Clock;
  readonly emit: EmitEvent;
  /** Default: real sockets. */
  readonly checker?: Checker;
  /** How often heartbeats are looked at, milliseconds. Default 1000. */
  readonly sweepMs?: number;
  /** External instances at most; a further one is refused with CONFLICT. Default 100000. */
  readonly maxExternal?: number;
}

/** A registry whose external part can be stored and brought back. */
export interface StorableRegistry extends Registry {
  /** The external part, as plain JSON. */
  stored(): readonly StoredRegistration[];
  /** Brings back what an earlier controller stored; an id that is there already is left alone. */
  restore(stored: readonly StoredRegistration[]): void;
}

export function createRegistry(options: RegistryOptions): StorableRegistry {
  return new MemoryRegistry(options);
}

type HeartbeatReport = NonNullable<Parameters<Registry["heartbeat"]>[1]>;

class MemoryRegistry implements StorableRegistry {
  readonly #clock: Clock;
  readonly #emit: EmitEvent;
  readonly #maxExternal: number;
  readonly #catalog = new Catalog();
  readonly #feed: ChangeFeed;
  readonly #checks: CheckRunner;
  readonly #externals: ExternalInstances;
  #closed = false;

  constructor(options: RegistryOptions) {
    const { clock, emit } = options;
    this.#clock = clock;
    this.#emit = emit;
    this.#maxExternal = options.maxExternal ?? 100_000;
    this.#feed = new ChangeFeed(emit);
    this.#checks = new CheckRunner({ clock, checker: options.checker ?? createChecker(clock) });
    this.#externals = new ExternalInstances({
      clock,
      checks: this.#checks,
      sweepMs: options.sweepMs ?? 1000,
      onChange: (external, before) => this.#onExternalChange(external, before),
      onExpire: (external) => this.#expire(external),
    });
  }

  get index(): number {
    return this.#feed.index;
  }

  lookup(service: string, query?: LookupQuery): readonly RegisteredInstance[] {
    return this.#catalog.lookup(service, query);
  }

  get(id: string): RegisteredInstance | undefined {
    return this.#catalog.get(id);
  }

  services(): readonly string[] {
    return this.#catalog.services();
  }

  watch(service: string, listener: ChangeListener): Unsubscribe {
    return this.#feed.watch(service, listener);
  }

  stored(): readonly StoredRegistration[] {
    return this.#externals.stored();
  }

  close(): void {
    this.#closed = true;
    this.#externals.close();
    this.#checks.close();
    this.#feed.close();
  }

  register(input: Registration): RegisteredInstance {
    if (this.#closed) throw new TuskError("NOT_RUNNING", "the registry is closed");
    const parsed = parseRegistration(input);
    const registration: NamedRegistration = { ...parsed, id: parsed.id ?? uuidv7(this.#clock.now()) };
    this.#refuseSupervised(registration.id, "registered");
    const present = this.#externals.get(registration.id);
    if (present && isSameLife(present, registration)) return this.heartbeat(registration.id);
    if (!present) this.#refuseOverflow();
    return this.#begin(registration);
  }

  deregister(id: string, reason: string): boolean {
    this.#refuseSupervised(id, "deregistered");
    const external = this.#externals.get(id);
    if (!external) return false;
    this.#remove(external, reason, { kind: "external.deregistered", level: "info" });
    return true;
  }

  heartbeat(id: string, report: HeartbeatReport = {}): RegisteredInstance {
    this.#refuseSupervised(id, "kept alive by heartbeats");
    const external = this.#externals.get(id);
    const before = this.#catalog.get(id);
    if (!external || !before)
      throw new TuskError("NOT_FOUND", `no instance ${id} is registered`, { hint: "register it again" });
    validateReport(report);
    this.#externals.renew(id, toStanding(report, defaultReport(external.registration)));
    return this.#catalog.get(id) ?? before;
  }

  syncSupervised(instances: readonly SupervisedInstance[]): void {
    const wanted = new Set(instances.map((instance) => instance.id));
    for (const entry of [...this.#catalog.all()]) {
      if (entry.source === "supervisor" && !wanted.has(entry.id)) this.#drop(entry.id, "no longer run by this app");
    }
    for (const instance of instances) this.#setSupervised(instance);
  }

  restore(stored: readonly StoredRegistration[]): void {
    for (const entry of stored) {
      if (!this.#catalog.get(entry.registration.id)) this.#add(restoreExternal(entry, this.#clock.monotonic()));
    }
  }

  #setSupervised(instance: SupervisedInstance): void {
    const rival = this.#externals.get(instance.id);
    if (rival) {
      const reason = "an instance that this app runs has the same id";
      this.#remove(rival, reason, { kind: "external.deregistered", level: "warning" });
    }
    this.#dropIfElsewhere(instance.id, instance.service);
    const before = this.#catalog.get(instance.id);
    const entry = toSupervisedEntry(instance, before, this.#nowIso());
    if (entry !== before) this.#put(entry);
  }

  /** A new life of an external instance, in place of an earlier one. */
  #begin(registration: NamedRegistration): RegisteredInstance {
    const { service, id, address, port } = registration;
    this.#externals.remove(id);
    this.#dropIfElsewhere(id, service);
    const message = `${id} of ${service} registered at ${address}:${port}`;
    this.#emit({ kind: "external.registered", level: "info", service, instance: id, message });
    const birth = {
      epoch: uuidv7(this.#clock.now()),
      registeredAt: this.#nowIso(),
      now: this.#clock.monotonic(),
    };
    return this.#add(createExternal(registration, birth));
  }

  // Watched before it is told of: a watcher may remove it again at once.
  #add(external: External): RegisteredInstance {
    const instance = toInstance(external, this.#nowIso());
    this.#externals.add(external);
    this.#put(instance);
    return instance;
  }

  #onExternalChange(external: External, before: Standing): void {
    const { id, service } = external.registration;
    const after = standingOf(external);
    const isNewState = before.state !== after.state;
    this.#put(toInstance(external, isNewState ? this.#nowIso() : (this.#catalog.get(id)?.changedAt ?? this.#nowIso())));
    if (!isNewState) return;
    const level = after.state === "passing" ? "info" : "warning";
    const message = `${id} of ${service} went from ${before.state} to ${after.state}: ${after.reason}`;
    this.#emit({ kind: "external.changed", level, service, instance: id, message });
  }

  #expire(external: External): void {
    this.#remove(external, `expired: ${standingOf(external).reason}`, { kind: "external.expired", level: "warning" });
  }

  #remove(
    { registration: { id, service } }: External,
    reason: string,
    event: Pick<EventDraft, "kind" | "level">,
  ): void {
    this.#externals.remove(id);
    this.#drop(id, reason);
    this.#emit({ ...event, service, instance: id, message: `${id} of ${service} removed: ${reason}` });
  }

  #put(instance: RegisteredInstance): void {
    const type = this.#catalog.get(instance.id) ? "changed" : "added";
    this.#catalog.set(instance);
    this.#feed.publish({ type, instance });
  }

  #dropIfElsewhere(id: string, service: string): void {
    if (this.#catalog.get(id)?.service !== service) this.#drop(id, `now of service ${service}`);
  }

  #drop(id: string, reason: string): void {
    const instance = this.#catalog.get(id);
    if (!instance) return;
    this.#catalog.delete(id);
    this.#feed.publish({ type: "removed", instance, reason });
  }

  #refuseSupervised(id: string, verb: string): void {
    if (this.#catalog.get(id)?.source !== "supervisor") return;
    throw new TuskError("CONFLICT", `${id} is run by this app and cannot be ${verb} from outside`);
  }

  #refuseOverflow(): void {
    if (this.#externals.size < this.#maxExternal) return;
    throw new TuskError("CONFLICT", `${this.#maxExternal} external instances are registered, the most there may be`, {
      hint: "deregister what is gone, or register with a ttlMs",
    });
  }

  #nowIso(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

// A critical one that registers again has come back: a new life, whose past must not count against it.
function isSameLife(present: External, registration: NamedRegistration): boolean {
  return standingOf(present).state !== "critical" && isSameRegistration(present.registration, registration);
}

function toStanding(report: HeartbeatReport, silent: Standing): Standing {
  const state = report.state ?? "passing";
  const assumed = state === "passing" ? silent.reason : `it says it is ${state}`;
  return { state, reason: report.reason ?? assumed };
}

// The external instances under watch: runs their checks, sweeps their heartbeats, probes those that are kept as last
// known good, and says when one has expired. The shell around lease, check-state and external; it knows no lookup.
import type { Clock, Timer } from "../base/clock.js";
import type { CheckRunner } from "./check-runner.js";
import { type CheckResult, nextCheckDelayMs, stepCheck } from "./check-state.js";
import { type External, expiresAt, type StoredRegistration, settle, standingOf, toStored } from "./external.js";
import { extendLease, type Lease, probeShielded, renewLease, sweepLeases } from "./lease.js";
import type { CheckSpec } from "./registry.js";
import type { Standing } from "./standing.js";

export interface ExternalInstancesOptions {
  readonly clock: Clock;
  readonly checks: CheckRunner;
  /** How often heartbeats are looked at, milliseconds. */
  readonly sweepMs: number;
  /** How an instance stands has changed, in state or only in reason. */
  readonly onChange: (external: External, before: Standing) => void;
  readonly onExpire: (external: External) => void;
}

interface Held {
  external: External;
  stopCheck: (() => void) | null;
  stopProbe: (() => void) | null;
}

export class ExternalInstances {
  readonly #options: ExternalInstancesOptions;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  #sweep: { readonly timer: Timer; readonly dueAt: number } | null = null;
  #closed = false;

  constructor(options: ExternalInstancesOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: string): External | undefined {
    return this.#held.get(id)?.external;
  }

  stored(): readonly StoredRegistration[] {
    return [...this.#held.values()].map((held) => toStored(held.external));
  }

  add(external: External): void {
    const { id, check } = external.registration;
    const held: Held = { external, stopCheck: null, stopProbe: null };
    this.#held.set(id, held);
    if (check) held.stopCheck = this.#options.checks.start(check, (result) => this.#onCheck(held, check, result));
    if (needsSweep(held)) this.#scheduleSweep();
  }

  remove(id: string): void {
    const held = this.#held.get(id);
    if (!held) return;
    this.#held.delete(id);
    held.stopCheck?.();
    this.#stopProbe(held);
  }

  renew(id: string, report: Standing): void {
    const held = this.#held.get(id);
    if (held) this.#update(held, { lease: renewLease(held.external.lease, report, this.#clock.monotonic()) });
  }

  close(): void {
    this.#closed = true;
    this.#sweep?.timer.cancel();
    this.#sweep = null;
  }

  #onCheck(held: Held, check: CheckSpec, result: CheckResult): number | null {
    if (held.external.check === null) return null;
    const next = stepCheck(held.external.check, result, check);
    this.#update(held, { check: next });
    return nextCheckDelayMs(next, check);
  }

  /** Takes on a part of an external instance and tells of it when that changes how it stands. */
  #update(held: Held, part: Partial<Pick<External, "lease" | "check">>): void {
    const before = standingOf(held.external);
    held.external = settle({ ...held.external, ...part }, this.#clock.monotonic());
    if (held.external.lease.phase !== "shielded") this.#stopProbe(held);
    const after = standingOf(held.external);
    if (before.state !== after.state || before.reason !== after.reason) this.#options.onChange(held.external, before);
  }

  #scheduleSweep(): void {
    if (this.#sweep || this.#closed) return;
    const timer = this.#clock.setTimer(this.#options.sweepMs, () => this.#onSweep());
    this.#sweep = { timer, dueAt: this.#clock.monotonic() + this.#options.sweepMs };
  }

  #onSweep(): void {
    const lateMs = this.#clock.monotonic() - (this.#sweep?.dueAt ?? 0);
    this.#sweep = null;
    if (lateMs > this.#options.sweepMs) this.#forgive(lateMs);
    else this.#sweepServices();
    this.#expire();
    if ([...this.#held.values()].some(needsSweep)) this.#scheduleSweep();
  }

  #forgive(lateMs: number): void {
    for (const held of this.#held.values()) {
      held.external = { ...held.external, lease: extendLease(held.external.lease, lateMs) };
    }
  }

  #sweepServices(): void {
    const now = this.#clock.monotonic();
    for (const leases of this.#leasesByService().values()) {
      for (const [id, lease] of sweepLeases(leases, now)) this.#takeLease(id, leases.get(id), lease);
    }
  }

  #leasesByService(): ReadonlyMap<string, ReadonlyMap<string, Lease>> {
    const services = new Map<string, Map<string, Lease>>();
    for (const [id, { external }] of this.#held) {
      const { service } = external.registration;
      const leases = services.get(service) ?? new Map<string, Lease>();
      services.set(service, leases.set(id, external.lease));
    }
    return services;
  }

  #takeLease(id: string, before: Lease | undefined, lease: Lease): void {
    const held = this.#held.get(id);
    // A watcher told of an earlier change in this sweep may have renewed or replaced it.
    if (held?.external.lease !== before || !held) return;
    this.#update(held, { lease });
    if (held.external.lease.phase === "shielded" && this.#held.get(id) === held) this.#probe(held);
  }

  /** Last known good is served only as long as its port answers: this asks it. */
  #probe(held: Held): void {
    if (held.stopProbe) return;
    held.stopProbe = this.#options.checks.start(probeOf(held.external, this.#options.sweepMs), (result) => {
      held.stopProbe = null;
      const { lease } = held.external;
      this.#update(held, { lease: probeShielded(lease, result.ok, result.detail, this.#clock.monotonic()) });
      return null;
    });
  }

  #stopProbe(held: Held): void {
    held.stopProbe?.();
    held.stopProbe = null;
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    for (const { external } of [...this.#held.values()]) {
      const at = expiresAt(external);
      const isPresent = this.get(external.registration.id) === external;
      if (isPresent && at !== null && at <= now) this.#options.onExpire(external);
    }
  }
}

function probeOf({ registration: { address, port } }: External, timeoutMs: number): CheckSpec {
  return { kind: "tcp", address, port, periodMs: timeoutMs, timeoutMs, failureThreshold: 1, successThreshold: 1 };
}

function needsSweep({ external }: Held): boolean {
  return Number.isFinite(external.lease.ttlMs) || external.registration.expireAfterMs !== undefined;
}

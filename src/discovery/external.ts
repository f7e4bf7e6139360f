// One external instance as the registry keeps it: what was registered, its lease, its check, and what follows from them.
// Pure: times are handed in.
import { type CheckState, uncheckedState } from "./check-state.js";
import { holdLease, type Lease } from "./lease.js";
import type { HealthState, RegisteredInstance, Registration } from "./registry.js";
import { type Standing, worse } from "./standing.js";

export type NamedRegistration = Registration & { readonly id: string };

export interface External {
  readonly registration: NamedRegistration;
  readonly epoch: string;
  /** ISO 8601. */
  readonly registeredAt: string;
  readonly lease: Lease;
  readonly check: CheckState | null;
  /** Monotonic time since which it has been critical; null when it is not. */
  readonly criticalSince: number | null;
}

/** What of an external instance outlives the controller. Plain JSON. */
export interface StoredRegistration {
  readonly registration: NamedRegistration;
  readonly epoch: string;
  /** ISO 8601. */
  readonly registeredAt: string;
  readonly state: HealthState;
  readonly reason: string;
}

export interface Birth {
  readonly epoch: string;
  /** ISO 8601. */
  readonly registeredAt: string;
  /** Monotonic milliseconds. */
  readonly now: number;
}

/** Registering counts as the first heartbeat; a check has to pass before the instance is used. */
export function createExternal(registration: NamedRegistration, birth: Birth): External {
  return {
    registration,
    epoch: birth.epoch,
    registeredAt: birth.registeredAt,
    lease: holdLease(registration.ttlMs ?? Number.POSITIVE_INFINITY, defaultReport(registration), birth.now),
    check: registration.check ? uncheckedState : null,
    criticalSince: null,
  };
}

/** What a heartbeat without words says. */
export function defaultReport({ ttlMs }: Registration): Standing {
  return { state: "passing", reason: ttlMs === undefined ? "registered" : "heartbeats arrive in time" };
}

/** After a restart of the controller: what was usable stays usable, but says that nobody has looked since. */
export function restoreExternal(stored: StoredRegistration, now: number): External {
  const { registration, epoch, registeredAt } = stored;
  const fresh = createExternal(registration, { epoch, registeredAt, now });
  const restored = restoredStanding(stored);
  const lease = holdLease(fresh.lease.ttlMs, registration.check ? fresh.lease.report : restored, now);
  const check = fresh.check && { ...fresh.check, ...restored };
  return settle({ ...fresh, lease, check }, now);
}

function restoredStanding(stored: StoredRegistration): Standing {
  const { registration, state, reason } = stored;
  const watched = registration.ttlMs !== undefined || registration.check !== undefined;
  if (!watched || state === "critical" || state === "starting") return { state, reason };
  return { state: "warning", reason: "known from before the controller's restart, not heard of since" };
}

export function standingOf(external: External): Standing {
  return external.check === null ? external.lease.standing : worse(external.lease.standing, external.check);
}

/** Brings `criticalSince` up to date after a change. */
export function settle(external: External, now: number): External {
  const critical = standingOf(external).state === "critical";
  const criticalSince = critical ? (external.criticalSince ?? now) : null;
  return criticalSince === external.criticalSince ? external : { ...external, criticalSince };
}

/** Monotonic time at which it is removed if nothing changes; null: never. */
export function expiresAt(external: External): number | null {
  const { expireAfterMs, ttlMs } = external.registration;
  const { overdueAt } = external.lease;
  if (overdueAt !== null && ttlMs !== undefined) return overdueAt + (expireAfterMs ?? 10 * ttlMs);
  if (external.criticalSince !== null && expireAfterMs !== undefined) return external.criticalSince + expireAfterMs;
  return null;
}

export function toInstance(external: External, changedAt: string): RegisteredInstance {
  const { registration } = external;
  return {
    id: registration.id,
    service: registration.service,
    address: registration.address,
    port: registration.port,
    tags: Object.freeze([...(registration.tags ?? [])]),
    metadata: Object.freeze({ ...registration.metadata }),
    weight: registration.weight ?? 1,
    source: "external",
    ...pick(standingOf(external)),
    epoch: external.epoch,
    registeredAt: external.registeredAt,
    changedAt,
  };
}

// A CheckState is a Standing with counters, which are nobody's business outside.
function pick({ state, reason }: Standing): Standing {
  return { state, reason };
}

export function toStored(external: External): StoredRegistration {
  const { registration, epoch, registeredAt } = external;
  return { registration, epoch, registeredAt, ...pick(standingOf(external)) };
}

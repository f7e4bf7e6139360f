// Heartbeats with a time to live, as pure steps: what one instance last said of itself, when that stops counting, and
// what to make of a whole service falling silent at once. Times are monotonic milliseconds, handed in.
import { isUsable, type Standing } from "./standing.js";

export interface Lease {
  /** Infinity: no heartbeat is needed. */
  readonly ttlMs: number;
  readonly renewedAt: number;
  /** What the instance said of itself. */
  readonly report: Standing;
  /**
   * - held: heartbeats arrive in time.
   * - shielded: overdue together with most of its service, kept as last known good until the next sweep.
   * - missed: overdue.
   */
  readonly phase: "held" | "shielded" | "missed";
  /** What follows from all of that. */
  readonly standing: Standing;
  /** When it became overdue; null while held. */
  readonly overdueAt: number | null;
  /** A probe since the last sweep found a shielded instance answering. */
  readonly confirmed: boolean;
}

/** Fewer than this of one service is too few to tell a lost network from lost instances. */
export const massLossMinimum = 3;

export function holdLease(ttlMs: number, report: Standing, now: number): Lease {
  return { ttlMs, renewedAt: now, report, phase: "held", standing: report, overdueAt: null, confirmed: false };
}

/** A heartbeat: whatever was missed before is forgiven. */
export function renewLease(lease: Lease, report: Standing, now: number): Lease {
  return holdLease(lease.ttlMs, report, now);
}

/** Time in which this process did not run is not held against anybody: their heartbeats may still wait in a socket. */
export function extendLease(lease: Lease, lateMs: number): Lease {
  return { ...lease, renewedAt: lease.renewedAt + lateMs };
}

/** The leases of one service that change in this sweep, by id. */
export function sweepLeases(leases: ReadonlyMap<string, Lease>, now: number): ReadonlyMap<string, Lease> {
  const changed = new Map<string, Lease>();
  const overdue = [...leases].filter(([, lease]) => lease.phase === "held" && now - lease.renewedAt > lease.ttlMs);
  const shield = isMassLoss(leases, overdue.length);
  for (const [id, lease] of leases) {
    if (lease.phase === "shielded") changed.set(id, sweepShielded(lease, now));
  }
  for (const [id, lease] of overdue) {
    const keep = shield && isUsable(lease.report.state);
    changed.set(id, keep ? shieldLease(lease, now, overdue.length) : missLease(lease, now));
  }
  return changed;
}

function isMassLoss(leases: ReadonlyMap<string, Lease>, overdue: number): boolean {
  let counted = 0;
  for (const lease of leases.values()) if (lease.phase !== "missed" && Number.isFinite(lease.ttlMs)) counted++;
  return counted >= massLossMinimum && overdue * 2 > counted;
}

function shieldLease(lease: Lease, now: number, together: number): Lease {
  const reason = `${silence(lease, now)}, as ${together - 1} others of the service at the same time: kept as last known good until it is probed`;
  return { ...lease, phase: "shielded", standing: { state: "warning", reason }, overdueAt: now };
}

// A probe has to confirm a shielded instance between any two sweeps, so that a dead one is served for one sweep at most.
function sweepShielded(lease: Lease, now: number): Lease {
  return lease.confirmed ? { ...lease, confirmed: false } : missLease(lease, now);
}

/** What a probe of a shielded instance found; any other lease stays as it is. */
export function probeShielded(lease: Lease, ok: boolean, detail: string, now: number): Lease {
  if (lease.phase !== "shielded") return lease;
  if (!ok) return missLease(lease, now, detail);
  if (lease.confirmed) return lease;
  const reason = "no heartbeat, as most of the service at the same time, but its port accepts connections";
  return { ...lease, confirmed: true, standing: { state: "warning", reason } };
}

function missLease(lease: Lease, now: number, detail?: string): Lease {
  const reason = detail === undefined ? silence(lease, now) : `${silence(lease, now)} and a probe failed: ${detail}`;
  return {
    ...lease,
    phase: "missed",
    standing: { state: "critical", reason },
    overdueAt: lease.overdueAt ?? now,
    confirmed: false,
  };
}

function silence(lease: Lease, now: number): string {
  return `no heartbeat for ${Math.round(now - lease.renewedAt)} ms`;
}

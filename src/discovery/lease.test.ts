// Heartbeats: in time, missed one by one, lost all together, and what brings them back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { extendLease, holdLease, type Lease, probeShielded, renewLease, sweepLeases } from "./lease.js";

const passing = { state: "passing", reason: "fine" } as const;

function leases(count: number, renewedAt = 0): Map<string, Lease> {
  return new Map(Array.from({ length: count }, (_, n) => [`a-${n + 1}`, holdLease(1000, passing, renewedAt)]));
}

test("a heartbeat within its time changes nothing", () => {
  assert.equal(sweepLeases(leases(1), 1000).size, 0);
});

test("a missed heartbeat is critical and says for how long", () => {
  const lost = sweepLeases(leases(1), 1500).get("a-1");
  assert.equal(lost?.phase, "missed");
  assert.deepEqual(lost?.standing, { state: "critical", reason: "no heartbeat for 1500 ms" });
  assert.equal(lost?.overdueAt, 1500);
});

test("a lease without end is never missed", () => {
  const endless = new Map([["a-1", holdLease(Number.POSITIVE_INFINITY, passing, 0)]]);
  assert.equal(sweepLeases(endless, 1e12).size, 0);
});

test("two instances lost together are too few for a shield", () => {
  for (const lease of sweepLeases(leases(2), 2000).values()) assert.equal(lease.phase, "missed");
});

test("half of four lost together is not most of them", () => {
  const mixed = new Map([
    ...leases(2),
    ["b-1", holdLease(1000, passing, 1500)],
    ["b-2", holdLease(1000, passing, 1500)],
  ]);
  assert.deepEqual(
    [...sweepLeases(mixed, 2000).values()].map((lease) => lease.phase),
    ["missed", "missed"],
  );
});

test("most of three lost together are shielded with a warning that says so, for one sweep", () => {
  const all = leases(3);
  const shielded = sweepLeases(all, 1200);
  for (const lease of shielded.values()) {
    assert.equal(lease.standing.state, "warning");
    assert.match(lease.standing.reason, /no heartbeat for 1200 ms, as 2 others.*last known good/);
  }
  const later = sweepLeases(shielded, 2200);
  assert.deepEqual(
    [...later.values()].map((lease) => [lease.standing.state, lease.standing.reason, lease.overdueAt]),
    [1, 2, 3].map(() => ["critical", "no heartbeat for 2200 ms", 1200]),
  );
});

test("instances missed long ago do not count, for or against", () => {
  const all = leases(3);
  const gone = holdLease(1000, passing, -9000);
  const missed: [string, Lease][] = [1, 2, 3, 4].map((n) => [
    `old-${n}`,
    { ...gone, phase: "missed", standing: { state: "critical", reason: "gone" }, overdueAt: 0 },
  ]);
  const changed = sweepLeases(new Map([...missed, ...all]), 1200);
  assert.deepEqual([...changed.keys()], ["a-1", "a-2", "a-3"]);
  assert.equal(changed.get("a-1")?.phase, "shielded");
});

test("one that called itself critical is not kept as last known good", () => {
  const all = leases(4);
  all.set("a-1", holdLease(1000, { state: "critical", reason: "disk full" }, 0));
  assert.equal(sweepLeases(all, 1200).get("a-1")?.phase, "missed");
});

test("a passing probe keeps the shield for another sweep, and has to be repeated", () => {
  const shielded = sweepLeases(leases(3), 1200).get("a-1");
  assert.ok(shielded);
  const confirmed = probeShielded(shielded, true, "connected", 1300);
  assert.match(confirmed.standing.reason, /accepts connections/);
  assert.equal(probeShielded(confirmed, true, "connected", 1400), confirmed);
  const next = sweepLeases(new Map([["a-1", confirmed]]), 2200).get("a-1");
  assert.equal(next?.phase, "shielded");
  assert.ok(next);
  assert.equal(sweepLeases(new Map([["a-1", next]]), 3200).get("a-1")?.phase, "missed");
});

test("a failing probe ends the shield at once", () => {
  const shielded = sweepLeases(leases(3), 1200).get("a-1");
  assert.ok(shielded);
  const missed = probeShielded(shielded, false, "connection refused", 1250);
  assert.equal(missed.standing.state, "critical");
  assert.match(missed.standing.reason, /no heartbeat for 1250 ms and a probe failed: connection refused/);
  assert.equal(missed.overdueAt, 1200);
});

test("a probe that ends after the heartbeat came back means nothing", () => {
  const renewed = holdLease(1000, passing, 0);
  assert.equal(probeShielded(renewed, false, "connection refused", 10), renewed);
});

test("a heartbeat forgives everything", () => {
  const missed = sweepLeases(leases(1), 5000).get("a-1");
  assert.ok(missed);
  assert.deepEqual(renewLease(missed, passing, 6000), holdLease(1000, passing, 6000));
});

test("time in which this process stood still is not held against anybody", () => {
  const extended = new Map([["a-1", extendLease(holdLease(1000, passing, 0), 60_000)]]);
  assert.equal(sweepLeases(extended, 60_900).size, 0);
});

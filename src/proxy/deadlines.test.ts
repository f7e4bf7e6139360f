import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../base/fake-clock.js";
import { Deadline, type DeadlineOwner, Deadlines } from "./deadlines.js";

class Owner implements DeadlineOwner {
  overAt: number | null = null;
  readonly deadline = new Deadline(this);
  readonly #clock: FakeClock;
  readonly #then: () => void;

  constructor(clock: FakeClock, then: () => void = () => {}) {
    this.#clock = clock;
    this.#then = then;
  }

  onDeadline(): void {
    this.overAt = this.#clock.monotonic();
    this.#then();
  }
}

/** What is said of how late they may be. */
const slotMs = 16;

describe("deadlines", () => {
  it("are never early, and late by one slot at most", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(500), fc.nat(100_000)), { minLength: 1, maxLength: 30 }), (plan) => {
        const clock = new FakeClock();
        const deadlines = new Deadlines(clock);
        const set = plan.map(([waitMs, delayMs]) => {
          clock.advance(waitMs);
          const owner = new Owner(clock);
          deadlines.set(owner.deadline, delayMs);
          return { owner, due: clock.monotonic() + delayMs };
        });
        clock.advance(200_000);
        for (const { owner, due } of set) {
          assert.ok(
            owner.overAt !== null && owner.overAt >= due && owner.overAt <= due + slotMs,
            `${owner.overAt} for ${due}`,
          );
        }
        assert.equal(deadlines.size, 0);
        assert.equal(clock.pendingTimers, 0, "nothing is awake for nothing");
      }),
    );
  });

  it("that are put off, or brought forward, count from then", () => {
    const delay = fc.nat(60_000);
    fc.assert(
      fc.property(fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 20 }), (plan) => {
        const clock = new FakeClock();
        const deadlines = new Deadlines(clock);
        const owners = plan.map(() => new Owner(clock));
        for (const [index, owner] of owners.entries()) deadlines.set(owner.deadline, plan[index]?.[0] ?? 0);
        const due = owners.map((owner, index) => {
          const [, delayMs = 0] = plan[index] ?? [];
          deadlines.set(owner.deadline, delayMs);
          return clock.monotonic() + delayMs;
        });
        clock.advance(200_000);
        for (const [index, { overAt }] of owners.entries()) {
          const at = due[index] ?? 0;
          assert.ok(overAt !== null && overAt >= at && overAt <= at + slotMs, `${overAt} for ${at}`);
        }
        assert.equal(deadlines.size, 0);
      }),
    );
  });

  it("that are lifted or set anew do not come at the old time", () => {
    const clock = new FakeClock();
    const deadlines = new Deadlines(clock);
    const [lifted, later, other] = [new Owner(clock), new Owner(clock), new Owner(clock)];
    for (const { deadline } of [lifted, later, other]) deadlines.set(deadline, 100);
    deadlines.lift(lifted.deadline);
    deadlines.lift(lifted.deadline);
    deadlines.set(later.deadline, 5_000);
    clock.advance(1_000);
    assert.deepEqual([lifted.overAt, later.overAt, other.overAt], [null, null, 112]);
    clock.advance(5_000);
    assert.equal(later.overAt, 5_008);
  });

  it("may set and lift others, and themselves, when they come", () => {
    const clock = new FakeClock();
    const deadlines = new Deadlines(clock);
    const victim = new Owner(clock);
    let times = 0;
    const again: Owner = new Owner(clock, () => {
      deadlines.lift(victim.deadline);
      if (++times < 3) deadlines.set(again.deadline, 0);
    });
    deadlines.set(again.deadline, 10);
    deadlines.set(victim.deadline, 10);
    clock.advance(100);
    assert.equal(victim.overAt, null);
    assert.equal(times, 3);
    assert.equal(deadlines.size, 0);
  });
});

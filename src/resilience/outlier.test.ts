import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Fleet,
  healthyOutlierState,
  maxEjected,
  type OutlierEffect,
  type OutlierEvent,
  type OutlierPolicy,
  stepOutlier,
} from "./outlier.js";

const policy: OutlierPolicy = { consecutiveFailures: 3, baseEjectionMs: 5_000, maxEjectionMs: 30_000 };
const failure: OutlierEvent = { type: "failure", kind: "status", refused: false };
const refused: OutlierEvent = { type: "failure", kind: "connect", refused: true };
const success: OutlierEvent = { type: "success" };
const tick: OutlierEvent = { type: "tick" };

/** One endpoint, driven by a list of [time, event]. */
function run(events: readonly (readonly [number, OutlierEvent])[], fleet: Fleet): (OutlierEffect | null)[] {
  let state = healthyOutlierState;
  return events.map(([now, event]) => {
    const step = stepOutlier(state, event, { now, policy, fleet });
    state = step.state;
    return step.effect;
  });
}

const two: Fleet = { ready: 2, ejected: 0 };

describe("outlier ejection", () => {
  it("ejects at the third failure in a row, and says why", () => {
    const effects = run(
      [1, 2, 3].map((now) => [now, failure]),
      two,
    );
    assert.deepEqual(effects.slice(0, 2), [null, null]);
    assert.deepEqual(effects[2], {
      type: "eject",
      until: 5_003,
      durationMs: 5_000,
      reason: "3 failures in a row, the last one a 5xx answer",
    });
  });

  it("begins to count anew after a success", () => {
    const events = [failure, failure, success, failure, failure].map((event, now) => [now, event] as const);
    assert.ok(run(events, two).every((effect) => effect === null));
  });

  it("ejects at once, but shortly, what refuses connections", () => {
    const [effect] = run([[0, refused]], two);
    assert.equal(effect?.type, "eject");
    assert.equal(effect?.type === "eject" ? effect.durationMs : 0, 1_000);
  });

  it("never ejects the only endpoint, nor the last usable one", () => {
    assert.deepEqual(run([[0, refused]], { ready: 1, ejected: 0 }), [null]);
    assert.deepEqual(run([[0, refused]], { ready: 2, ejected: 1 }), [null]);
    assert.deepEqual(run([[0, refused]], { ready: 5, ejected: 4 }), [null]);
  });

  it("comes back when its time is over, not before", () => {
    const effects = run(
      [
        [0, refused],
        [999, tick],
        [1_000, tick],
      ],
      two,
    );
    assert.equal(effects[1], null);
    assert.equal(effects[2]?.type, "return");
  });

  it("stays out twice as long each time, up to the maximum", () => {
    const events: [number, OutlierEvent][] = [];
    let now = 0;
    const durations = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const duration of durations) {
      events.push([now, refused], [now + duration, tick]);
      now += duration;
    }
    const ejected = run(events, two).flatMap((effect) => (effect?.type === "eject" ? [effect.durationMs] : []));
    assert.deepEqual(ejected, durations);
  });

  it("forgets earlier ejections after a quiet time", () => {
    const effects = run(
      [
        [0, refused],
        [1_000, tick],
        [4_001, refused],
      ],
      two,
    );
    assert.equal(effects[2]?.type === "eject" ? effects[2].durationMs : 0, 1_000);
  });

  it("is not ejected twice at a time", () => {
    const effects = run(
      [
        [0, refused],
        [1, refused],
      ],
      { ready: 3, ejected: 0 },
    );
    assert.equal(effects[1], null);
  });

  it("counts gateway errors apart, where they have a number of their own", () => {
    const answer = (status: number): OutlierEvent => ({ type: "failure", kind: "status", refused: false, status });
    const apart: OutlierPolicy = { ...policy, consecutiveFailures: 5, consecutiveGatewayErrors: 2 };
    const ejectedAfter = (events: readonly OutlierEvent[]): number => {
      let state = healthyOutlierState;
      for (const [index, event] of events.entries()) {
        const step = stepOutlier(state, event, { now: index, policy: apart, fleet: two });
        if (step.effect) return index + 1;
        state = step.state;
      }
      return 0;
    };
    assert.equal(ejectedAfter([answer(503), answer(504)]), 2);
    assert.equal(ejectedAfter([answer(503), answer(500), { type: "failure", kind: "timeout", refused: false }]), 0);
    assert.equal(ejectedAfter([answer(500), answer(500), answer(500), answer(500), answer(500)]), 5);
    assert.equal(ejectedAfter([answer(503), success, answer(503)]), 0);
  });

  it("ejects what a comparison found, as far as the fleet allows it", () => {
    const compared: OutlierEvent = { type: "compared", reason: "90 of 100 answers were failures" };
    assert.equal(run([[0, compared]], two)[0]?.type, "eject");
    assert.deepEqual(run([[0, compared]], { ready: 3, ejected: 1 }), [null]);
  });

  it("never ejects the last usable one, whatever happens in whatever order", () => {
    const status = fc.record({
      type: fc.constant("failure" as const),
      kind: fc.constantFrom("status" as const, "timeout" as const, "reset" as const, "connect" as const),
      refused: fc.boolean(),
    });
    const event = fc.oneof(status, fc.constantFrom<OutlierEvent>(success, tick, { type: "compared", reason: "" }));
    const history = fc.array(fc.tuple(fc.nat(4), fc.nat(2_000), event), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), history, (ready, steps) => {
        const states = Array.from({ length: ready }, () => healthyOutlierState);
        let now = 0;
        for (const [which, passedMs, one] of steps) {
          now += passedMs;
          const at = which % ready;
          const ejected = states.filter(({ ejectedUntil }) => ejectedUntil !== null).length;
          const before = states[at] ?? healthyOutlierState;
          states[at] = stepOutlier(before, one, { now, policy, fleet: { ready, ejected } }).state;
          assert.ok(states.some(({ ejectedUntil }) => ejectedUntil === null));
        }
      }),
      { seed: 4 },
    );
  });

  it("lets out at most half of a fleet for what may be everybody's failure, all but one for refusals", () => {
    const most = [0, 1, 2, 3, 4, 5].map((ready) => [maxEjected(ready, false), maxEjected(ready, true)]);
    assert.deepEqual(most, [
      [0, 0],
      [0, 0],
      [1, 1],
      [1, 2],
      [2, 3],
      [2, 4],
    ]);
  });
});

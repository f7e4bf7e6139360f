import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskError } from "../base/errors.js";
import { FakeClock } from "../base/fake-clock.js";
import { settlesWithin, withTimeout } from "./timing.js";

const never = new Promise<never>(() => {});

test("what comes in time is passed on, and the timer is gone", async () => {
  const clock = new FakeClock();
  assert.equal(await withTimeout(Promise.resolve(7), { clock, limitMs: 10 }, "late"), 7);
  assert.equal(await settlesWithin(Promise.resolve(), { clock, limitMs: 10 }), true);
  await assert.rejects(withTimeout(Promise.reject(new Error("no")), { clock, limitMs: 10 }, "late"), /^Error: no$/);
  await assert.rejects(settlesWithin(Promise.reject(new Error("no")), { clock, limitMs: 10 }), /^Error: no$/);
  assert.equal(clock.pendingTimers, 0);
});

test("what takes too long is a TIMEOUT or a false", async () => {
  const clock = new FakeClock();
  const error = withTimeout(never, { clock, limitMs: 10 }, "the workers did not answer");
  const settled = settlesWithin(never, { clock, limitMs: 10 });
  clock.advance(10);
  await assert.rejects(error, (thrown) => {
    assert.ok(thrown instanceof TuskError);
    assert.equal(thrown.code, "TIMEOUT");
    assert.equal(thrown.message, "the workers did not answer (after 10 ms)");
    return true;
  });
  assert.equal(await settled, false);
  assert.equal(clock.pendingTimers, 0);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawFaultAbort, drawFaultDelay, type FaultPolicy, isFaultOver } from "./fault.js";

const fault: FaultPolicy = { delayMs: 200, delayShare: 0.5, abortStatus: 503, abortShare: 0.2, untilEpochMs: 1_000 };

describe("fault injection", () => {
  it("ends at its time, not before", () => {
    assert.deepEqual(
      [999, 1_000].map((now) => isFaultOver(fault, now)),
      [false, true],
    );
  });

  it("draws each kind by its own share", () => {
    assert.deepEqual(
      [0.49, 0.5].map((chance) => drawFaultDelay(fault, () => chance)),
      [200, 0],
    );
    assert.deepEqual(
      [0.19, 0.2].map((chance) => drawFaultAbort(fault, () => chance)),
      [true, false],
    );
  });

  it("does what is not set to none", () => {
    const none = { ...fault, delayMs: 0, abortStatus: 0 };
    assert.equal(
      drawFaultDelay(none, () => 0),
      0,
    );
    assert.equal(
      drawFaultAbort(none, () => 0),
      false,
    );
  });

  it("meets every request at a share of 1", () => {
    assert.equal(
      drawFaultAbort({ ...fault, abortShare: 1 }, () => 0.999_999),
      true,
    );
  });
});

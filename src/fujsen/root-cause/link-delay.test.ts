import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linkDelays } from "./link-delay.js";
import type { Link, Observations } from "./observed.js";

const length = 30;
const reference = Array.from({ length: 25 }, (_, index) => index);
const intervals = { reference, near: reference.slice(-12), failure: [25, 26, 27, 28, 29] };
const level = (usual: number, failing: number): Float64Array =>
  Float64Array.from({ length }, (_, index) => (index < 25 ? usual + (index % 3) : failing));

/** Every service takes 20; what is given is what its caller waits in the failure. */
function worst(waits: readonly (readonly [caller: string, callee: string, waited: number])[]) {
  const links: Link[] = waits.map(([caller, callee, waited]) => {
    return { caller, callee, byCaller: level(25, waited), byCallee: level(20, 21) };
  });
  const observations: Observations = {
    times: Array.from({ length }, (_, index) => index),
    intervals,
    services: new Map(),
    links,
    callees: new Map(),
    ignoredValues: 0,
  };
  return linkDelays(observations)
    .filter(({ deviation }) => deviation.strength > 2)
    .map(({ service }) => service);
}

describe("time lost at a link", () => {
  it("is the callee's", () => {
    const waits = [
      ["front", "a", 200],
      ["api", "a", 200],
      ["front", "b", 25],
      ["front", "c", 25],
    ] as const;
    assert.deepEqual(worst(waits), ["a"]);
  });

  it("is the caller's when it waits at most of its links", () => {
    const waits = [
      ["front", "a", 200],
      ["front", "b", 200],
      ["front", "c", 200],
      ["api", "a", 25],
    ] as const;
    assert.deepEqual(worst(waits), ["front"]);
  });

  it("is none where callees are slow themselves, or nobody measured", () => {
    assert.deepEqual(worst([["front", "a", 26]]), []);
    assert.deepEqual(worst([]), []);
  });
});

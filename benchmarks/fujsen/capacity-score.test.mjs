// The scorer is tested before it is believed: node --test benchmarks/fujsen/capacity-score.test.mjs, after a build.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hpa, oracle, reactiveErlang } from "./capacity-baselines.mjs";
import { ratesOf, tickSeconds } from "./capacity-data.mjs";
import { scoreReplicas } from "./capacity-score.mjs";

const objective = { share: 0.05, seconds: 0.5 };
const run = (rates, desired, startSeconds = 60) =>
  scoreReplicas(
    { rates, arrivals: rates.map((rate) => Math.round(rate * tickSeconds)), desired, startSeconds, tickSeconds },
    2,
    objective,
  );
const constant = (length, value) => new Array(length).fill(value);

test("Erlang C decides between enough and one too few", () => {
  // 3 servers of 2/s at 3/s: P(wait > 0.5 s) = 0.2368 x e^-1.5 = 0.053; with 4: 0.0447 x e^-2.5.
  assert.deepEqual(run(constant(240, 3), constant(240, 3)), {
    violating: 100,
    replicaHours: 3,
    changes: 0,
    minutes: 60,
  });
  assert.equal(run(constant(240, 3), constant(240, 4)).violating, 0);
});

test("a replica serves only when it has started, and costs from the beginning", () => {
  const rates = [...constant(40, 1), ...constant(40, 9)];
  const desired = (from) => rates.map((_, tick) => (tick < from ? 3 : 8));
  assert.equal(run(rates, desired(36)).violating, 0);
  assert.ok(run(rates, desired(40)).violating >= 5);
  assert.ok(run(rates, desired(36), 180).violating > run(rates, desired(36)).violating);
  assert.equal(run(rates, desired(36)).replicaHours, ((36 * 3 + 44 * 8) * 15) / 3600);
});

test("the oracle violates nothing, and baselines follow the load", () => {
  const rates = Array.from({ length: 2000 }, (_, tick) => 8 + 6 * Math.sin(tick / 100));
  const arrivals = rates.map((rate) => Math.round(rate * tickSeconds));
  assert.equal(run(rates, oracle(rates, 2, { objective, startSeconds: 60 })).violating, 0);
  assert.equal(Math.max(...hpa(arrivals, 2, { target: 0.5, minReplicas: 2 })) >= 13, true);
  assert.ok(Math.max(...reactiveErlang(arrivals, 2, objective)) <= 10);
});

test("traces are known by what is in them", () => {
  assert.deepEqual(ratesOf("period,count\n1998-04-30 21:30:00,60\n1998-04-30 21:31:00,0\n"), [
    ...constant(4, 0.02),
    ...constant(4, 0),
  ]);
  assert.deepEqual(ratesOf(`${constant(31, 50).join("\n")}\n`), [1, 1]);
});

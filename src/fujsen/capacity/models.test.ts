import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { erlangC, highestRate, serversFor, waitExceedance, waitQuantile } from "./erlang.js";
import { seededRng } from "./random.js";
import { fitScalabilityLaw, throughputAt } from "./scalability-law.js";
import { estimateService, meanLatency } from "./service-estimate.js";

const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, not ${expected} within ${tolerance}`);

const objective = { share: 0.05, seconds: 0.5 };

describe("Erlang C", () => {
  it("has the published values", () => {
    const published = [
      [3, 2, 0.444444],
      [5, 4, 0.554113],
      [10, 8, 0.40918],
      [100, 95, 0.506457],
    ] as const;
    for (const [servers, load, expected] of published) near(erlangC(servers, load), expected, 1e-6);
    assert.deepEqual([erlangC(2, 2), erlangC(1, 0)], [1, 0]);
    near(erlangC(1, 0.7), 0.7, 1e-12);
  });

  it("gives servers that keep the objective, one fewer of which do not", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 5000, noNaN: true }), (rate) => {
        const servers = serversFor(rate, 2, objective);
        assert.ok(waitExceedance(servers, rate, 2, 0.5) <= 0.05);
        assert.ok(servers === 1 || waitExceedance(servers - 1, rate, 2, 0.5) > 0.05);
        assert.ok(serversFor(rate * 1.1, 2, objective) >= servers);
        assert.ok(serversFor(rate, 2, { share: 0.01, seconds: 0.5 }) >= servers);
        assert.ok(highestRate(servers, 2, objective) >= rate * (1 - 1e-6));
        assert.ok(waitQuantile(servers, rate, 2, 0.95) <= 0.5 + 1e-9);
      }),
      { numRuns: 200 },
    );
    assert.equal(waitQuantile(2, 4, 2, 0.95), Number.POSITIVE_INFINITY);
  });

  it("refuses what is no queue", () => {
    const refused = { code: "REQUEST_INVALID" };
    for (const servers of [0, 1.5, Number.NaN]) assert.throws(() => erlangC(servers, 1), refused);
    for (const load of [-1, Number.NaN]) assert.throws(() => erlangC(2, load), refused);
    for (const rate of [-1, Number.NaN, 1e9]) assert.throws(() => serversFor(rate, 2, objective), refused);
    for (const service of [0, Number.NaN]) assert.throws(() => serversFor(1, service, objective), refused);
    assert.throws(() => serversFor(1, 2, { share: 1, seconds: 1 }), refused);
  });
});

describe("the scalability law", () => {
  const sdm91 = [
    [1, 64.9],
    [18, 995.9],
    [36, 1652.4],
    [72, 1853.2],
    [108, 1828.9],
    [144, 1775.0],
    [216, 1702.2],
  ].map(([load = 0, throughput = 0]) => ({ load, throughput }));

  it("has the published coefficients of SPEC SDM91", () => {
    const fit = fitScalabilityLaw(sdm91);
    assert.ok(fit.ok);
    near(fit.alpha, 0.0277285, 1e-6);
    near(fit.beta, 0.0001044, 1e-7);
    near(fit.gamma, 89.995, 1e-3);
    near(fit.peakLoad ?? 0, 96.5, 0.1);
    assert.ok(fit.rSquared > 0.98 && fit.warnings.length === 0);
  });

  it("finds what made the points, and says when little supports it", () => {
    const law = { alpha: 0.05, beta: 0.001, gamma: 200 };
    const points = [1, 2, 4, 8, 16, 32, 64].map((load) => ({ load, throughput: throughputAt(load, law) }));
    const fit = fitScalabilityLaw(points);
    assert.ok(fit.ok);
    near(fit.alpha, 0.05, 1e-6);
    near(fit.beta, 0.001, 1e-7);
    near(fit.rSquared, 1, 1e-9);
    const linear = fitScalabilityLaw([1, 2, 3, 4, 5, 6].map((load) => ({ load, throughput: 10 * load })));
    assert.ok(linear.ok && linear.peakLoad === null);
    const few = fitScalabilityLaw(points.slice(0, 4));
    assert.match(few.ok ? few.warnings.join("; ") : "", /4 points are few/);
  });

  it("has a reason for what it cannot fit", () => {
    assert.match(JSON.stringify(fitScalabilityLaw([])), /0 different loads are too few/);
    assert.match(JSON.stringify(fitScalabilityLaw([{ load: 0, throughput: 1 }])), /no measurement/);
    assert.equal(fitScalabilityLaw([{ load: 1, throughput: Number.NaN }]).ok, false);
  });
});

describe("the estimate of a service", () => {
  const observe = (serviceSeconds: number, concurrency: number, noise = 0) => {
    const rng = seededRng(7);
    return Array.from({ length: 40 }, (_, index) => {
      const throughput = (((index + 1) / 42) * concurrency) / serviceSeconds;
      const latencySeconds = meanLatency(throughput, serviceSeconds, concurrency) * (1 + noise * (rng() - 0.5));
      return { throughput: 3 * throughput, latencySeconds, replicas: 3 };
    });
  };

  it("finds service time and concurrency from what callers see", () => {
    for (const [seconds, slots] of [
      [0.5, 1],
      [0.02, 4],
      [0.1, 12],
    ] as const) {
      const estimate = estimateService(observe(seconds, slots, 0.1));
      assert.ok(estimate.ok);
      near(estimate.serviceSeconds, seconds, 0.05 * seconds);
      assert.equal(estimate.concurrency, slots);
      assert.ok(estimate.rSquared > 0.95 && estimate.peakUtilization > 0.9 && estimate.warnings.length === 0);
    }
  });

  it("claims no more than what was in use while latency does not rise", () => {
    const flat = Array.from({ length: 10 }, (_, index) => ({ throughput: 10 + index, latencySeconds: 0.1 }));
    const estimate = estimateService(flat);
    assert.ok(estimate.ok);
    assert.deepEqual([estimate.concurrency, estimate.warnings.length], [2, 1]);
  });

  it("has a reason for what it cannot estimate", () => {
    assert.match(JSON.stringify(estimateService([])), /fewer than 8/);
    const wrong = estimateService([{ throughput: 1, latencySeconds: Number.NaN }]);
    assert.match(wrong.ok ? "" : wrong.reason, /no observation/);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createLoadBalancer } from "./create-load-balancer.js";
import { hashText } from "./hash-text.js";
import { LatencyEstimate } from "./latency-estimate.js";
import type { Candidate, Draw, LoadBalancerKind } from "./load-balancer.js";
import { pickWeighted } from "./pick-weighted.js";
import { slowStartShare } from "./slow-start.js";

const named = (id: string, weight = 1, inFlight = 0): Candidate => ({
  id,
  weight,
  inFlight,
  latency: new LatencyEstimate(),
});

const drawWith = (rng: () => number, hash = 0, nowMs = 0): Draw => ({ rng, hash, now: () => nowMs });

function seededRng(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function picks(kind: LoadBalancerKind, candidates: readonly Candidate[], times: number): string[] {
  const balancer = createLoadBalancer(kind);
  const rng = seededRng(7);
  return Array.from(
    { length: times },
    (_, index) => balancer.pick(candidates, drawWith(rng, hashText(`request ${index}`)))?.id ?? "none",
  );
}

const count = (list: readonly string[], name: string): number => list.filter((one) => one === name).length;

describe("round robin", () => {
  it("takes turns", () => {
    assert.deepEqual(picks("round-robin", [named("a"), named("b")], 4), ["a", "b", "a", "b"]);
  });

  it("spreads a heavy one between the others", () => {
    const list = picks("round-robin", [named("a", 5), named("b", 1), named("c", 1)], 7);
    assert.equal(list.join(""), "aabacaa");
  });

  it("gives nothing to weight 0 while another weighs more, and takes turns when all weigh 0", () => {
    assert.equal(count(picks("round-robin", [named("a", 0), named("b", 2)], 10), "b"), 10);
    assert.equal(count(picks("round-robin", [named("a", 0), named("b", 0)], 10), "a"), 5);
  });

  it("has nothing to pick from nothing", () => {
    assert.deepEqual(picks("round-robin", [], 1), ["none"]);
  });
});

describe("least request", () => {
  it("picks the less busy of two", () => {
    assert.equal(count(picks("least-request", [named("a", 1, 9), named("b", 1, 0)], 50), "b"), 50);
  });

  it("counts the load for the weight", () => {
    assert.equal(count(picks("least-request", [named("a", 4, 3), named("b", 1, 1)], 50), "a"), 50);
  });

  it("never picks the busiest of three, and spreads over equals", () => {
    const busy = picks("least-request", [named("a", 1, 9), named("b"), named("c")], 300);
    assert.equal(count(busy, "a"), 0);
    const even = picks("least-request", [named("a"), named("b"), named("c")], 3000);
    for (const name of ["a", "b", "c"]) assert.ok(count(even, name) > 800, `${name}: ${count(even, name)}`);
  });

  it("avoids weight 0", () => {
    assert.equal(count(picks("least-request", [named("a", 0), named("b", 1, 50)], 50), "b"), 50);
  });
});

describe("first", () => {
  it("picks the first always", () => {
    assert.equal(count(picks("first", [named("a", 1, 9), named("b")], 9), "a"), 9);
  });
});

const kinds = ["round-robin", "random", "least-request", "peak-ewma", "ring-hash", "maglev"] as const;

describe("every balancer", () => {
  for (const kind of kinds) {
    it(`${kind}: spreads by weight, also where nothing is in flight`, () => {
      const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 5 });
      fc.assert(
        fc.property(weights, (list) => {
          const candidates = list.map((weight, index) => {
            const one = named(`users-${index + 1}`, weight);
            one.latency.observe(10, 0);
            return one;
          });
          const total = list.reduce((sum, weight) => sum + weight, 0);
          const chosen = picks(kind, candidates, 4000);
          for (const { id, weight } of candidates) {
            const share = count(chosen, id) / 4000;
            assert.ok(Math.abs(share - weight / total) < 0.06, `${kind} ${list}: ${id} ${share}`);
          }
        }),
        { numRuns: 20, seed: 1 },
      );
    });

    it(`${kind}: gives nothing to weight 0 while another weighs more, and something when all weigh 0`, () => {
      assert.equal(count(picks(kind, [named("a", 0), named("b", 2)], 50), "b"), 50);
      assert.equal(count(picks(kind, [named("a", 0), named("b", 0)], 50), "none"), 0);
    });

    it(`${kind}: keeps to those that may be picked`, () => {
      const all = [named("a"), named("b"), named("c")];
      const balancer = createLoadBalancer(kind);
      const rng = seededRng(1);
      for (let hash = 0; hash < 200; hash++) {
        assert.notEqual(balancer.pick(all, drawWith(rng, hashText(`${hash}`)), all.slice(1))?.id, "a");
      }
      assert.equal(balancer.pick(all, drawWith(rng), []), undefined);
      assert.equal(balancer.pick([], drawWith(rng)), undefined);
    });
  }
});

describe("balancing by hash", () => {
  const fleet = (size: number): Candidate[] => Array.from({ length: size }, (_, index) => named(`users-${index + 1}`));
  const owners = (kind: LoadBalancerKind, candidates: readonly Candidate[]): string[] => picks(kind, candidates, 2000);

  for (const [kind, others] of [
    ["ring-hash", 0],
    ["maglev", 0.06],
  ] as const) {
    it(`${kind}: keeps a request where it was, whatever the order of the list`, () => {
      assert.deepEqual(owners(kind, fleet(5)), owners(kind, fleet(5).reverse()));
    });

    it(`${kind}: moves little but what belonged to the one that goes`, () => {
      for (const size of [2, 3, 5, 20]) {
        const before = owners(kind, fleet(size));
        const after = owners(kind, fleet(size).slice(1));
        const moved = before.filter((owner, index) => owner !== "users-1" && owner !== after[index]).length;
        assert.ok(moved <= others * before.length, `${size}: ${moved} moved`);
      }
    });
  }

  it("ring-hash: one that is tried already is passed over like one that is gone", () => {
    const all = fleet(4);
    const [, ...rest] = all;
    const ring = createLoadBalancer("ring-hash");
    const without = createLoadBalancer("ring-hash");
    for (let index = 0; index < 300; index++) {
      const draw = drawWith(() => 0, hashText(`${index}`));
      assert.equal(ring.pick(all, draw, rest)?.id, without.pick(rest, draw)?.id);
    }
  });

  it("builds for ten thousand", () => {
    assert.ok(new Set(owners("ring-hash", fleet(10_000))).size > 1500);
    assert.ok(new Set(owners("maglev", fleet(10_000))).size > 1500);
  });
});

describe("peak EWMA", () => {
  it("prefers the faster, and tries the slower again after a while", () => {
    const [fast, slow] = [named("fast"), named("slow")];
    const balancer = createLoadBalancer("peak-ewma");
    const rng = seededRng(5);
    const chosen = (now: number): number =>
      count(
        Array.from({ length: 100 }, () => balancer.pick([fast, slow], drawWith(rng, 0, now))?.id ?? ""),
        "slow",
      );
    fast.latency.observe(10, 0);
    slow.latency.observe(1000, 0);
    assert.equal(chosen(1), 0);
    fast.latency.observe(10, 60_000);
    assert.equal(chosen(60_000), 100);
  });

  it("rises at once, falls slowly, and a fast failure is no good answer", () => {
    const latency = new LatencyEstimate();
    assert.ok(Number.isNaN(latency.read(0)));
    latency.observe(10, 0);
    latency.observe(500, 1);
    assert.equal(latency.read(1), 500);
    latency.observe(10, 1000);
    assert.ok(latency.read(1000) > 400);
    latency.observeFailure(1, 1000);
    assert.ok(latency.read(1000) > 400);
  });

  it("gives one request at a time to one that has not answered yet", () => {
    const known = named("known");
    known.latency.observe(10, 0);
    assert.equal(count(picks("peak-ewma", [known, named("new")], 50), "new"), 50);
    assert.equal(count(picks("peak-ewma", [known, named("new", 1, 1)], 50), "new"), 0);
  });
});

describe("slow start", () => {
  it("grows from a tenth to all", () => {
    assert.deepEqual(
      [0, 500, 2500, 5000, 10_000].map((ms) => slowStartShare(ms, 5000)),
      [0.1, 0.1, 0.5, 1, 1],
    );
    assert.equal(slowStartShare(0, 0), 1);
  });
});

describe("weighted choice of a backend", () => {
  it("follows the weights", () => {
    const rng = seededRng(3);
    const list = Array.from({ length: 4000 }, () => pickWeighted([named("a", 3), named("b", 1)], rng)?.id ?? "");
    assert.ok(Math.abs(count(list, "a") - 3000) < 150, `a: ${count(list, "a")}`);
  });

  it("picks none when all weigh 0, and never one that weighs 0", () => {
    assert.equal(
      pickWeighted([named("a", 0)], () => 0),
      undefined,
    );
    assert.equal(
      pickWeighted([named("a", 0), named("b", 0)], () => 0.5),
      undefined,
    );
    assert.equal(pickWeighted([named("a", 0), named("b", 1)], () => 0)?.id, "b");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Candidate, createLoadBalancer, pickWeighted } from "./load-balancer.js";

interface Named extends Candidate {
  readonly name: string;
}

const named = (name: string, weight = 1, inFlight = 0): Named => ({ name, weight, inFlight });

function seededRng(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function picks(kind: "round-robin" | "least-request" | "first", candidates: readonly Named[], times: number): string[] {
  const balancer = createLoadBalancer<Named>(kind);
  const rng = seededRng(7);
  return Array.from({ length: times }, () => balancer.pick(candidates, rng)?.name ?? "none");
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

describe("weighted choice of a backend", () => {
  it("follows the weights", () => {
    const rng = seededRng(3);
    const list = Array.from({ length: 4000 }, () => pickWeighted([named("a", 3), named("b", 1)], rng)?.name ?? "");
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
    assert.equal(pickWeighted([named("a", 0), named("b", 1)], () => 0)?.name, "b");
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findCycles } from "./cycles.js";

const graph = (edges: Record<string, string[]>): Map<string, string[]> => new Map(Object.entries(edges));

test("no cycle, one, two, and a node that waits for itself", () => {
  assert.deepEqual(findCycles(graph({ a: ["b"], b: ["c"], c: [] })), []);
  assert.deepEqual(findCycles(graph({ a: ["b"], b: ["a"] })), [["a", "b"]]);
  assert.deepEqual(findCycles(graph({ a: ["b"], b: ["a"], c: ["d"], d: ["c"] })), [
    ["a", "b"],
    ["c", "d"],
  ]);
  assert.deepEqual(findCycles(graph({ a: ["b"], b: ["b", "a"] })), [["b"], ["a", "b"]]);
});

test("every node on a cycle gets the shortest way around, and unknown names are no cycle", () => {
  assert.deepEqual(findCycles(graph({ a: ["b", "c"], b: ["c"], c: ["a"] })), [
    ["a", "c"],
    ["b", "c", "a"],
  ]);
  assert.deepEqual(findCycles(graph({ a: ["nobody"] })), []);
});

test("none is found exactly when the nodes can be put in order", () => {
  const names = ["a", "b", "c", "d", "e"];
  const edges = fc.record(Object.fromEntries(names.map((name) => [name, fc.subarray(names)])));
  fc.assert(fc.property(edges, (record) => assert.equal(findCycles(graph(record)).length === 0, canBeOrdered(record))));
});

function canBeOrdered(edges: Record<string, string[]>): boolean {
  const left = new Map(Object.entries(edges));
  for (let free = freeNode(left); free !== undefined; free = freeNode(left)) left.delete(free);
  return left.size === 0;
}

function freeNode(left: ReadonlyMap<string, string[]>): string | undefined {
  return [...left].find(([, next]) => !next.some((name) => left.has(name)))?.[0];
}

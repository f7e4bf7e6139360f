import assert from "node:assert/strict";
import { test } from "node:test";
import { inSubset, inZone, type Labelled } from "./endpoint-preference.js";

interface Endpoint extends Labelled {
  readonly id: string;
}

const itself = (endpoint: Endpoint): Labelled => endpoint;
const ids = (endpoints: readonly Endpoint[]): string[] => endpoints.map(({ id }) => id);
const endpoints: readonly Endpoint[] = [
  { id: "a", tags: ["v2", "fast"], metadata: { region: "eu" } },
  { id: "b", tags: ["v2"] },
  { id: "c" },
];

test("a subset: every tag and every value; else any or none", () => {
  const of = (tags: string[], metadata: Record<string, string>, fallback: "any" | "none"): string[] =>
    ids(inSubset(endpoints, { tags, metadata, fallback }, itself));
  assert.deepEqual(of(["v2"], {}, "none"), ["a", "b"]);
  assert.deepEqual(of(["v2"], { region: "eu" }, "none"), ["a"]);
  assert.deepEqual(of(["v3"], {}, "any"), ["a", "b", "c"]);
  assert.deepEqual(of(["v3"], {}, "none"), []);
  assert.deepEqual(of([], { constructor: "x" }, "none"), []);
});

test("a zone: its endpoints while enough of them are usable, and those without a zone are in it", () => {
  const near = [{ id: "1" }, { id: "2", metadata: { zone: "here" } }];
  const far = [{ id: "3", metadata: { zone: "there" } }];
  const all = [...near, ...far];
  const of = (usable: readonly Endpoint[], minimumHealthy: number): string[] =>
    ids(inZone({ all, usable }, { zone: "here", minimumHealthy }, itself));
  assert.deepEqual(of(all, 0.7), ["1", "2"]);
  assert.deepEqual(of([...near.slice(1), ...far], 0.7), ["2", "3"]);
  assert.deepEqual(of([...near.slice(1), ...far], 0.5), ["2"]);
  assert.deepEqual(of(far, 0), ["3"]);
});

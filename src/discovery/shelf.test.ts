import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HealthState, LookupQuery, RegisteredInstance } from "./registry.js";
import { Shelf } from "./shelf.js";

const ids = ["a", "b", "c", "d", "e"];
const states: readonly HealthState[] = ["starting", "passing", "warning", "critical"];

function instance(id: string, state: HealthState, tags: readonly string[]): RegisteredInstance {
  const place = { service: "users", address: "10.0.0.1", port: 80, epoch: "1", metadata: {}, weight: 1, reason: "" };
  return Object.freeze({ id, state, tags, ...place }) as unknown as RegisteredInstance;
}

interface Step {
  readonly id: string;
  /** Absent: it goes. */
  readonly state: HealthState | undefined;
  readonly tagged: boolean;
  /** How many of the queries are asked afterwards. */
  readonly asked: number;
}

const queries: readonly LookupQuery[] = [{}, { healthyOnly: false }, { tags: ["eu"] }];
const steps = fc.array(
  fc.record<Step>({
    id: fc.constantFrom(...ids),
    state: fc.constantFrom(undefined, ...states),
    tagged: fc.boolean(),
    asked: fc.nat({ max: queries.length }),
  }),
  { maxLength: 60 },
);

/** What an answer must be: everything gone through, in the order of arrival. */
function selected(present: ReadonlyMap<string, RegisteredInstance>, { healthyOnly, tags = [] }: LookupQuery) {
  const usable = ({ state }: RegisteredInstance) => state === "passing" || state === "warning";
  return [...present.values()].filter(
    (one) => (healthyOnly === false || usable(one)) && tags.every((tag) => one.tags.includes(tag)),
  );
}

test("a mended answer is the one that would be made anew, whatever changed and whoever asked", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const shelf = new Shelf();
      const present = new Map<string, RegisteredInstance>();
      for (const { id, state, tagged, asked } of all) {
        if (state === undefined) {
          shelf.delete(id);
          present.delete(id);
        } else {
          const one = instance(id, state, tagged ? ["eu"] : []);
          shelf.set(one);
          present.set(id, one);
        }
        for (const query of queries.slice(0, asked)) assert.deepEqual(shelf.lookup(query), selected(present, query));
      }
      for (const query of queries) assert.deepEqual(shelf.lookup(query), selected(present, query));
      assert.equal(shelf.isEmpty, present.size === 0);
    }),
  );
});

test("an answer that was given stays as it was", () => {
  const shelf = new Shelf();
  shelf.set(instance("a", "passing", []));
  const before = shelf.lookup({});
  assert.equal(shelf.lookup({}), before);
  shelf.set(instance("b", "passing", []));
  assert.deepEqual([before.length, shelf.lookup({}).length], [1, 2]);
  assert.ok(Object.isFrozen(shelf.lookup({})));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type FollowState, follow, type Read, type Sighting } from "./follow-state.js";

/** Looks one after another; the reads of each. */
function look(start: FollowState, ...sightings: Sighting[]): Read[][] {
  let state = start;
  return sightings.map((seen) => {
    const next = follow(state, seen);
    state = next.state;
    return next.reads;
  });
}

const log = (size: number): Sighting => ({ size, copyStamp: null, copySize: 0 });

test("what was appended is read once", () => {
  assert.deepEqual(look({ offset: 0, copyStamp: null }, log(10), log(10), log(15)), [
    [{ from: "log", start: 0, end: 10 }],
    [],
    [{ from: "log", start: 10, end: 15 }],
  ]);
});

test("rotation: the rest is read from the copy, then the log from its beginning", () => {
  const after = { size: 4, copyStamp: "b", copySize: 30 };
  assert.deepEqual(look({ offset: 20, copyStamp: "a" }, after, { ...after, size: 6 }), [
    [
      { from: "copy", start: 20, end: 30 },
      { from: "log", start: 0, end: 4 },
    ],
    [{ from: "log", start: 4, end: 6 }],
  ]);
});

test("between the copy and the truncation nothing is read twice", () => {
  const copied = { size: 30, copyStamp: "b", copySize: 30 };
  assert.deepEqual(look({ offset: 20, copyStamp: "a" }, copied, { ...copied, size: 2 }), [
    [{ from: "log", start: 20, end: 30 }],
    [{ from: "log", start: 0, end: 2 }],
  ]);
});

test("a log that somebody emptied is read from its beginning", () => {
  assert.deepEqual(look({ offset: 20, copyStamp: null }, log(0), log(3)), [[], [{ from: "log", start: 0, end: 3 }]]);
});

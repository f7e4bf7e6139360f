import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultRetention, firstRetentionState, type RetentionState, stepRetention } from "./retention.js";

const now = Date.parse("2026-03-10T12:30:30.500Z");
const policy = { ...defaultRetention, capBytes: 1_000 };
const step = (state: RetentionState, at: number, usedBytes = 0) =>
  stepRetention(state, { usedBytes }, { now: at, policy });
const kinds = (effects: readonly { kind: string }[]): string[] => effects.map(({ kind }) => kind);

describe("retention", () => {
  it("prunes and rolls up at first, whole minutes and hours only", () => {
    const { effects } = step(firstRetentionState, now);
    assert.deepEqual(effects, [
      { kind: "prune", before: now - 30 * 86_400_000 },
      { kind: "roll-up", seconds: 60, before: Date.parse("2026-03-10T11:30:00.000Z") },
      { kind: "roll-up", seconds: 3_600, before: Date.parse("2026-03-09T12:00:00.000Z") },
      { kind: "reclaim" },
    ]);
  });

  it("rolls up every five minutes, prunes every hour, and does nothing between", () => {
    let { state } = step(firstRetentionState, now);
    const seen: string[] = [];
    for (let minute = 1; minute <= 60; minute++) {
      const done = step(state, now + minute * 60_000);
      state = done.state;
      if (done.effects.length > 0) seen.push(`${minute} ${kinds(done.effects).join(" ")}`);
    }
    assert.equal(seen.length, 12);
    assert.equal(seen[0], "5 roll-up roll-up reclaim");
    assert.equal(seen.at(-1), "60 prune roll-up roll-up reclaim");
  });

  it("cuts at half of the cap, and not again before the cut shows", () => {
    const { state } = step(firstRetentionState, now);
    assert.deepEqual(kinds(step(state, now + 1_000, 499).effects), []);
    const cut = step(state, now + 1_000, 500);
    assert.deepEqual(kinds(cut.effects), ["cut", "reclaim"]);
    assert.deepEqual(kinds(step(cut.state, now + 2_000, 600).effects), []);
    assert.deepEqual(kinds(step(cut.state, now + 61_000, 600).effects), ["cut", "reclaim"]);
  });

  it("goes on when the clock is set back", () => {
    const { state } = step(firstRetentionState, now);
    assert.equal(step(state, now - 86_400_000).effects.length, 4);
  });
});

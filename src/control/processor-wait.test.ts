import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import { Watchable } from "../base/watchable.js";
import type { InstanceView } from "../orchestrator/orchestrator.js";
import { processorFree } from "./processor-wait.js";

type Views = ReadonlyMap<string, InstanceView>;

/** What of a view is looked at. */
const starting = { ready: false, adopted: false } as InstanceView;
const ready = { ready: true, adopted: false } as InstanceView;
const adopted = { ready: false, adopted: true } as InstanceView;
const views = (...list: InstanceView[]): Views => new Map(list.map((view, index) => [`users-${index}`, view]));

/** Two processors with three instances starting, until told otherwise. */
function scene(first: Views = views(starting, starting, starting)) {
  const clock = new FakeClock();
  const instances = new Watchable<Views>(first);
  let idle = 0;
  let free = false;
  const wait = { clock, processors: 2, idleMs: () => idle, limitMs: 1_000 };
  void processorFree(instances, wait).then(() => {
    free = true;
  });
  return {
    clock,
    instances,
    /** Time passes in which the processors are idle for so long, both together. */
    pass: (ms: number, idleMs: number) => {
      idle += idleMs;
      clock.advance(ms);
    },
    isFree: async () => {
      await Promise.resolve();
      return free;
    },
  };
}

describe("the wait for a processor", () => {
  it("ends when fewer are starting than there are processors", async () => {
    const { instances, isFree, clock } = scene();
    assert.equal(await isFree(), false);
    instances.set(views(ready, starting, starting));
    assert.equal(await isFree(), false);
    instances.set(views(ready, ready, starting));
    assert.equal(await isFree(), true);
    assert.equal(clock.pendingTimers, 0);
  });

  it("does not wait for adopted ones", async () => {
    assert.equal(await scene(views(adopted, adopted, adopted, starting)).isFree(), true);
  });

  it("ends when most of a processor was idle for one look, whatever was before", async () => {
    const { pass, isFree } = scene();
    for (const idle of [0, 20, 60, 0]) pass(100, idle);
    assert.equal(await isFree(), false);
    pass(100, 75);
    assert.equal(await isFree(), true);
  });

  it("ends at the limit", async () => {
    const { pass, isFree, clock } = scene();
    for (let look = 0; look < 9; look++) pass(100, 10);
    assert.equal(await isFree(), false);
    pass(100, 10);
    assert.equal(await isFree(), true);
    assert.equal(clock.pendingTimers, 0);
  });
});

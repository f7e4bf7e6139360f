import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../base/fake-clock.js";
import type { FileLock, Holding } from "../system/lock.js";
import { type Loss, watchOwnership } from "./ownership.js";

function watched(): { clock: FakeClock; set(holding: Holding): void; losses: Loss[]; close(): void } {
  let holding: Holding = "held";
  const lock: FileLock = { holding: () => holding, release: () => {} };
  const clock = new FakeClock();
  const ownership = watchOwnership({ lock, clock });
  const losses: Loss[] = [];
  void ownership.lost.then((loss) => losses.push(loss));
  return {
    clock,
    losses,
    set: (next) => {
      holding = next;
    },
    close: () => ownership.close(),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

for (const loss of ["gone", "taken"] as const) {
  test(`a lock that is ${loss} is noticed at the next look, once`, async () => {
    const { clock, set, losses } = watched();
    clock.advance(10_000);
    await settled();
    assert.deepEqual(losses, []);
    set(loss);
    clock.advance(2_000);
    clock.advance(10_000);
    await settled();
    assert.deepEqual(losses, [loss]);
  });
}

test("after close nothing is looked at any more", async () => {
  const { clock, set, losses, close } = watched();
  close();
  set("gone");
  clock.advance(10_000);
  await settled();
  assert.deepEqual(losses, []);
});

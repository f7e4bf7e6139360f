import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startTagged } from "../../test/support/tagged-process.js";
import { systemClock } from "../system/clock.js";
import { isAlive } from "../system/proc.js";
import { stateFolderVariable } from "./instance-tag.js";
import { findLeftovers, stopLeftovers } from "./leftovers.js";

test("leftovers: of this app and of apps whose folder is gone, of no other", async () => {
  const root = mkdtempSync(join(tmpdir(), "tusk-leftovers-"));
  const own = `own${process.pid}`;
  const apps = { own, living: `living${process.pid}`, gone: `gone${process.pid}` };
  const started = Object.entries(apps).map(([name, app]) => {
    mkdirSync(join(root, name));
    const env = { [stateFolderVariable]: join(root, name, ".tusk") };
    return startTagged(`${app}/users-1/nonce`, ["sh", "-c", "trap '' TERM; echo ok; sleep 1001; sleep 1001"], env);
  });
  await Promise.all(started.map((process) => process.line()));
  rmSync(join(root, "gone"), { recursive: true });
  const [ownOne, living, gone] = started;
  try {
    const mine = (): ReturnType<typeof findLeftovers> =>
      findLeftovers(own).filter(({ app }) => Object.values(apps).includes(app));
    const reasons = mine().map(({ app, instance, reason }) => [app, instance, reason]);
    assert.deepEqual(reasons.sort(), [
      [apps.gone, "users-1", `its app's folder ${join(root, "gone")} is gone`],
      [apps.own, "users-1", "of this app"],
    ]);
    assert.match(mine()[0]?.processes[0]?.command ?? "", /sh -c trap/);
    await stopLeftovers(mine(), { clock: systemClock, graceMs: 50 });
    assert.deepEqual(mine(), []);
    assert.deepEqual(
      [ownOne, living, gone].map((process) => process && isAlive(process.identity)),
      [false, true, false],
    );
  } finally {
    await stopLeftovers(
      findLeftovers(apps.living).filter(({ app }) => app === apps.living),
      {
        clock: systemClock,
        graceMs: 0,
      },
    );
    rmSync(root, { recursive: true });
  }
});

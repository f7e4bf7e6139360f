import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import { keepPlatformLogsSmall } from "./platform-logs.js";

test("logs of our own processes are rotated once a minute, and what prevents it is said once", (t) => {
  const folder = temporaryFolder(t);
  const clock = new FakeClock();
  const events: EventDraft[] = [];
  const limits = { maxBytes: 10, files: 2 };
  const logs = keepPlatformLogsSmall({ folder, clock, emit: (event) => void events.push(event), limits });
  writeFileSync(join(folder, "worker-1.log"), "more than ten bytes");
  writeFileSync(join(folder, "keeper.log"), "few");
  assert.deepEqual(readdirSync(folder), ["keeper.log", "worker-1.log"]);
  clock.advance(60_000);
  assert.deepEqual(readdirSync(folder), ["keeper.log", "worker-1.log", "worker-1.log.1"]);
  rmSync(folder, { recursive: true });
  clock.advance(180_000);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ["log.rotation-failed"],
  );
  logs.close();
});

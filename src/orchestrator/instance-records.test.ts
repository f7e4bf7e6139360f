import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type InstanceRecord, readRecords, writeRecords } from "./instance-records.js";

const record: InstanceRecord = {
  tag: "app/users-1/nonce",
  service: "users",
  number: 1,
  role: "current",
  target: { revision: 1, hash: "a" },
  port: 20_001,
  process: { pid: 7, startTicks: 8, bootId: "b" },
  startedAt: "2026-01-01T00:00:00.000Z",
  restarts: 0,
  state: "ready",
};

function inFolder(body: (file: string, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "tusk-records-"));
  try {
    body(join(folder, "instances.json"), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("instance records: what is written is read, no file is nothing", () => {
  inFolder((file) => {
    assert.deepEqual(readRecords(file), { records: { instances: [], prepared: {} }, damaged: null });
    const unborn = { ...record, process: null, role: "successor" } as const;
    writeRecords(file, { instances: [record, unborn], prepared: { users: "a" } });
    const { records, damaged } = readRecords(file);
    assert.equal(damaged, null);
    assert.deepEqual(records.instances, [record, unborn]);
    assert.deepEqual(records.prepared, { users: "a" });
  });
});

const damages: Record<string, unknown> = {
  "not JSON": undefined,
  null: null,
  list: [],
  "no instances": { prepared: {} },
  "instances that are none": { instances: [null], prepared: {} },
  "a pid that is text": { instances: [{ ...record, process: { ...record.process, pid: "7" } }], prepared: {} },
  "a port that is a fraction": { instances: [{ ...record, port: 0.5 }], prepared: {} },
  "an unknown state": { instances: [{ ...record, state: "fine" }], prepared: {} },
  "prepared with numbers": { instances: [], prepared: { users: 1 } },
};

for (const [name, value] of Object.entries(damages)) {
  test(`instance records: ${name} is damaged and set aside`, () => {
    inFolder((file, folder) => {
      for (const count of [1, 2]) {
        writeFileSync(file, value === undefined ? "{{" : JSON.stringify(value));
        assert.deepEqual(readRecords(file), {
          records: { instances: [], prepared: {} },
          damaged: `${file}.damaged-${count}`,
        });
      }
      assert.deepEqual(readdirSync(folder), ["instances.json.damaged-1", "instances.json.damaged-2"]);
    });
  });
}

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { TuskError } from "../base/errors.js";
import type { Database } from "./database.js";
import { type DamageReport, openDatabase } from "./open-database.js";

const insertMain = fileURLToPath(new URL("../../test/support/insert-main.js", import.meta.url));

/** Started and at work: it has stored some rows. Killed at the test's end at the latest. */
async function startInserting(
  t: TestContext,
  file: string,
  untilIds = 1,
): Promise<{ child: ChildProcess; ids: string[] }> {
  const child = spawn(process.execPath, [insertMain, file], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const ids: string[] = [];
  let rest = "";
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk) => {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      ids.push(...lines);
      if (ids.length >= untilIds) resolve();
    });
  });
  return { child, ids };
}

async function fill(file: string): Promise<void> {
  const database = await openDatabase({ file });
  await database.insert("edges", { caller: "before", callee: "b" });
  await database.close();
}

async function countEdges(database: Database): Promise<unknown> {
  return (await database.query("SELECT count(*) AS n FROM edges"))[0]?.n;
}

describe("a database file", () => {
  it("has every row that was acknowledged when its writer is killed", async (t) => {
    const file = join(temporaryFolder(t), "tusk.duckdb");
    const { child, ids } = await startInserting(t, file, 600);
    child.kill("SIGKILL");
    await once(child, "close");
    const damage: DamageReport[] = [];
    const database = await openDatabase({ file }, { onDamaged: (report) => damage.push(report) });
    t.after(() => database.close());
    const rows = await database.query("SELECT CAST(id AS VARCHAR) AS id FROM edges");
    const stored = new Set(rows.map((row) => row.id));
    assert.deepEqual(
      ids.filter((id) => !stored.has(id)),
      [],
    );
    assert.deepEqual(damage, []);
  });

  it("that another process has open is left alone, and said so", async (t) => {
    const file = join(temporaryFolder(t), "tusk.duckdb");
    await startInserting(t, file);
    await assert.rejects(openDatabase({ file }), (error: TuskError) => error.code === "DB_LOCKED");
    assert.deepEqual(readdirSync(join(file, "..")).sort(), ["tusk.duckdb", "tusk.duckdb.wal"]);
  });

  const damages: readonly (readonly [string, (file: string) => void])[] = [
    ["garbage", (file) => writeFileSync(file, "this is no database, whatever its name says\n".repeat(400))],
    ["a few bytes", (file) => writeFileSync(file, "x")],
    ["cut off behind its head", (file) => truncateSync(file, 12_288)],
    ["cut off in its head", (file) => truncateSync(file, 5_000)],
    ["of another version", (file) => overwrite(file, 8, Buffer.from([0xff, 0xff]))],
    ["overwritten in the middle", (file) => overwrite(file, 12_288, Buffer.alloc(4_096, 0x5a))],
  ];
  for (const [what, damage] of damages)
    it(`that is ${what} is set aside, and a new one takes its place`, async (t) => {
      const folder = temporaryFolder(t);
      const file = join(folder, "tusk.duckdb");
      await fill(file);
      damage(file);
      const content = readFileSync(file);
      const reports: DamageReport[] = [];
      const database = await openDatabase({ file }, { onDamaged: (report) => reports.push(report) });
      t.after(() => database.close());
      assert.equal(await countEdges(database), 0);
      const [report] = reports;
      assert.equal(report?.kept, false);
      assert.match(report?.setAside ?? "", /tusk\.duckdb\.damaged-\d{4}-/);
      assert.deepEqual(readFileSync(report?.setAside ?? ""), content);
    });

  it("keeps its data when only the log is damaged", async (t) => {
    const file = join(temporaryFolder(t), "tusk.duckdb");
    await fill(file);
    const { child } = await startInserting(t, file, 30);
    child.kill("SIGKILL");
    await once(child, "close");
    overwrite(`${file}.wal`, 200, Buffer.alloc(64, 0x5a));
    const reports: DamageReport[] = [];
    const database = await openDatabase({ file }, { onDamaged: (report) => reports.push(report) });
    t.after(() => database.close());
    assert.equal(await countEdges(database), 1);
    assert.equal(reports[0]?.kept, true);
    assert.ok(existsSync(reports[0]?.setAside ?? ""));
  });

  it("that is a folder is refused, and stays", async (t) => {
    const file = join(temporaryFolder(t), "tusk.duckdb");
    mkdirSync(file);
    await assert.rejects(openDatabase({ file }), (error: TuskError) => error.code === "DB_UNAVAILABLE");
    assert.ok(existsSync(file));
  });

  it("that may not be read is refused, and stays", {
    skip: process.getuid?.() === 0 && "root reads all",
  }, async (t) => {
    const file = join(temporaryFolder(t), "tusk.duckdb");
    await fill(file);
    chmodSync(file, 0);
    await assert.rejects(openDatabase({ file }), (error: TuskError) => error.code === "DB_UNAVAILABLE");
    assert.ok(existsSync(file));
  });

  it("in a folder that is not there is refused", async (t) => {
    const file = join(temporaryFolder(t), "nowhere", "tusk.duckdb");
    await assert.rejects(openDatabase({ file }), (error: TuskError) => error.code === "DB_UNAVAILABLE");
  });
});

function overwrite(file: string, at: number, bytes: Buffer): void {
  const content = readFileSync(file);
  bytes.copy(content, at);
  writeFileSync(file, content);
}

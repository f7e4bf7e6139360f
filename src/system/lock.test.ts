import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { acquireLock, type FileLock } from "./lock.js";
import { bootId, identify } from "./proc.js";

const lockModule = fileURLToPath(new URL("./lock.js", import.meta.url));

function taken(path: string): FileLock {
  const result = acquireLock(path);
  assert.ok("lock" in result, "somebody else holds the lock");
  return result.lock;
}

/** Takes the lock when told to, says how it went, and holds it until its input ends. */
function racer(path: string): ChildProcess {
  const program = `
    const { acquireLock } = await import(${JSON.stringify(lockModule)});
    process.stdout.write("here\\n");
    process.stdin.once("data", () => {
      const result = acquireLock(${JSON.stringify(path)});
      process.stdout.write("lock" in result ? "won\\n" : "lost to " + result.holder.pid + "\\n");
    });
    process.stdin.on("end", () => process.exit(0));
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["pipe", "pipe", "inherit"] });
}

test("a free lock is taken, names its holder, and is gone when released", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "lock");
  const lock = taken(path);
  assert.deepEqual(readdirSync(folder), ["lock"]);
  assert.equal(JSON.parse(readFileSync(path, "utf8")).pid, process.pid);
  lock.release();
  assert.ok(!existsSync(path));
  taken(path).release();
});

test("this very process is a holder like any other", (t) => {
  const path = join(temporaryFolder(t), "lock");
  const lock = taken(path);
  const second = acquireLock(path);
  assert.ok("holder" in second);
  assert.equal(second.holder.pid, process.pid);
  lock.release();
});

test("a lock of a process that ended is taken over", (t) => {
  const path = join(temporaryFolder(t), "lock");
  const { pid } = spawnSync("true");
  writeFileSync(path, JSON.stringify({ pid, startTicks: 1, bootId: bootId(), path }));
  taken(path).release();
});

test("a living process with the pid of a dead holder does not hold the lock", (t) => {
  const path = join(temporaryFolder(t), "lock");
  const stranger = identify(process.ppid);
  assert.ok(stranger);
  writeFileSync(path, JSON.stringify({ ...stranger, startTicks: stranger.startTicks - 1, path }));
  taken(path).release();
  writeFileSync(path, JSON.stringify({ ...stranger, bootId: "of another boot", path }));
  taken(path).release();
});

for (const [what, text] of [
  ["empty", ""],
  ["torn", '{"pid":'],
  ["null", "null"],
  ["a list", "[1]"],
] as const) {
  test(`a lock file that is ${what} is nobody's`, (t) => {
    const path = join(temporaryFolder(t), "lock");
    writeFileSync(path, text);
    taken(path).release();
  });
}

test("the lock in a copied folder is not held by the original's holder", (t) => {
  const folder = temporaryFolder(t);
  const lock = taken(join(folder, "lock"));
  cpSync(join(folder, "lock"), join(folder, "copy"));
  taken(join(folder, "copy")).release();
  lock.release();
});

test("release leaves a lock alone that is another's by now", (t) => {
  const path = join(temporaryFolder(t), "lock");
  const lock = taken(path);
  const other = JSON.stringify({ ...identify(process.ppid), path });
  writeFileSync(path, other);
  lock.release();
  assert.equal(readFileSync(path, "utf8"), other);
});

test("whether it is still held is seen at the file: there, gone, another's", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "lock");
  const lock = taken(path);
  assert.equal(lock.holding(), "held");
  renameSync(path, join(folder, "moved"));
  assert.equal(lock.holding(), "gone");
  renameSync(join(folder, "moved"), path);
  assert.equal(lock.holding(), "held");
  rmSync(path);
  const second = taken(path);
  assert.deepEqual([lock.holding(), second.holding()], ["taken", "held"]);
  second.release();
  writeFileSync(path, "{}");
  assert.equal(lock.holding(), "gone");
});

test("a second release does not take a later lock away", (t) => {
  const path = join(temporaryFolder(t), "lock");
  const first = taken(path);
  first.release();
  const second = taken(path);
  first.release();
  assert.ok(existsSync(path));
  second.release();
});

test("of several who find a stale lock at the same moment, one gets it", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "lock");
  writeFileSync(path, JSON.stringify({ pid: spawnSync("true").pid, startTicks: 1, bootId: bootId(), path }));
  const racers = Array.from({ length: 4 }, () => racer(path));
  const lines = racers.map((child) =>
    createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator](),
  );
  await Promise.all(lines.map((line) => line.next()));
  for (const child of racers) child.stdin?.write("go\n");
  const results = await Promise.all(lines.map(async (line) => String((await line.next()).value)));
  const winner = racers[results.indexOf("won")];
  assert.ok(winner);
  assert.deepEqual(
    results.filter((result) => result !== "won"),
    Array(3).fill(`lost to ${winner.pid}`),
  );
  const ended = racers.map((child) => once(child, "exit"));
  for (const child of racers) child.stdin?.end();
  await Promise.all(ended);
  assert.deepEqual(readdirSync(folder), ["lock"]);
});

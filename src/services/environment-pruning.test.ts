import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { FakeClock } from "../base/fake-clock.js";
import { acquireLock } from "../system/lock.js";
import { linkEnvironment } from "./environment-link.js";
import { chooseStale, keptUnusedMs, noteUse, pruneEnvironments } from "./environment-pruning.js";
import { ensurePythonEnvironment } from "./python-environment.js";

const dayMs = 24 * 60 * 60 * 1000;
const hashOf = (digit: string): string => digit.repeat(32);

interface Cache {
  readonly folder: string;
  readonly clock: FakeClock;
  /** An environment that was last used so many days ago. */
  add(digit: string, daysAgo: number): string;
  prune(): Promise<readonly string[]>;
  /** First digits of those that are there. */
  left(): string;
}

/** With three that are used today, so that no other one is kept for being recent. */
function createCache(t: TestContext): Cache {
  const folder = temporaryFolder(t);
  const clock = new FakeClock();
  const add = (digit: string, daysAgo: number): string => {
    const hash = hashOf(digit);
    mkdirSync(join(folder, `${hash}.0123abcd/bin`), { recursive: true });
    writeFileSync(join(folder, `${hash}.0123abcd/bin/python`), "");
    symlinkSync(`${hash}.0123abcd`, join(folder, hash));
    noteUse(join(folder, hash), clock.now() - daysAgo * dayMs);
    return join(folder, hash);
  };
  for (const digit of ["a", "b", "c"]) add(digit, 0);
  const left = (): string =>
    readdirSync(folder)
      .filter((name) => name.length === 32)
      .map(([digit]) => digit)
      .join("");
  return { folder, clock, add, left, prune: () => pruneEnvironments(folder, clock.now()) };
}

test("what was not used for 30 days goes, with all of it; the three used last stay however old they are", () => {
  const environments = ["a", "b", "c", "d", "e"].map((hash, index) => ({ hash, usedAtMs: 1000 - index }));
  const chosen = (nowMs: number): string =>
    chooseStale(environments, nowMs)
      .map(({ hash }) => hash)
      .join("");
  assert.equal(chosen(996 + keptUnusedMs), "");
  assert.equal(chosen(997 + keptUnusedMs), "e");
  assert.equal(chosen(9999 + keptUnusedMs), "de");
  assert.deepEqual(chooseStale(environments.slice(0, 3), 9999 + keptUnusedMs), []);
});

test("a use begins the 30 days anew", async (t) => {
  const { folder, clock, add, prune, left } = createCache(t);
  add("d", 29);
  const kept = add("e", 29);
  assert.deepEqual(await prune(), []);
  clock.advance(2 * dayMs);
  noteUse(kept, clock.now());
  assert.deepEqual(await prune(), [hashOf("d")]);
  assert.equal(left(), "abce");
  assert.ok(!readdirSync(folder).some((name) => name.startsWith("d")));
});

test("one that a service's folder points at stays, until that folder is gone or points elsewhere", async (t) => {
  const { add, prune, left } = createCache(t);
  const [first, second] = [add("d", 99), add("e", 99)];
  const services = temporaryFolder(t);
  for (const [name, environment] of [
    ["one", first],
    ["two", second],
  ] as const) {
    mkdirSync(join(services, name));
    assert.ok(linkEnvironment(join(services, name), environment));
    assert.ok(linkEnvironment(join(services, name), environment), "again");
  }
  assert.deepEqual(await prune(), []);
  linkEnvironment(join(services, "one"), second);
  assert.deepEqual(await prune(), [hashOf("d")]);
  rmSync(join(services, "two"), { recursive: true });
  assert.deepEqual(await prune(), []);
  rmSync(join(services, "one"), { recursive: true });
  assert.deepEqual(await prune(), [hashOf("e")]);
  assert.equal(left(), "abc");
});

test("one that a process runs from stays", async (t) => {
  const { add, prune } = createCache(t);
  const environment = add("d", 99);
  rmSync(join(environment, "bin/python"));
  symlinkSync("/bin/sleep", join(environment, "bin/python"));
  const child = spawn(join(environment, "bin/python"), ["60"], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  assert.deepEqual(await prune(), []);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.deepEqual(await prune(), [hashOf("d")]);
});

test("one that is being made stays; what a killed maker left goes", async (t) => {
  const { folder, add, prune, left } = createCache(t);
  add("d", 99);
  const held = acquireLock(join(folder, `${hashOf("d")}.lock`));
  assert.ok("lock" in held);
  assert.deepEqual(await prune(), []);
  held.lock.release();
  renameSync(join(folder, hashOf("d")), join(folder, `${hashOf("d")}.unused`));
  for (const name of readdirSync(folder)) if (name.startsWith("d")) lutimesSync(join(folder, name), 0, 0);
  assert.deepEqual(await prune(), [hashOf("d")]);
  assert.equal(left(), "abc");
  assert.ok(!readdirSync(folder).some((name) => name.startsWith("d")));
});

test("files of others in the cache are not looked at", async (t) => {
  const { folder, prune } = createCache(t);
  mkdirSync(join(folder, "notes"));
  writeFileSync(join(folder, `${hashOf("d")}x`), "");
  for (const name of ["notes", `${hashOf("d")}x`]) lutimesSync(join(folder, name), 0, 0);
  assert.deepEqual(await prune(), []);
  assert.ok(existsSync(join(folder, "notes")) && existsSync(join(folder, `${hashOf("d")}x`)));
});

test("making one removes what is unused, and using one notes the use", async (t) => {
  const folder = temporaryFolder(t);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const program = (name: string, script: string): void =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  program("python3", `echo '{"path":"/usr/bin/python3","version":"3.11.7","platform":"linux","hasVenv":true}'`);
  program("uv", 'for last; do :; done; [ "$1" = pip ] || { /bin/mkdir -p "$last/bin" && : > "$last/bin/python"; }');
  const env = { PATH: bin, XDG_CACHE_HOME: folder };
  const clock = new FakeClock();
  const requirements = join(folder, "requirements.txt");
  const ensure = (version: number) => {
    writeFileSync(requirements, `fastapi==${version}\n`);
    return ensurePythonEnvironment(requirements, { env, clock });
  };
  const made = [];
  for (const version of [1, 2, 3, 4, 5]) made.push(await ensure(version));
  clock.advance(20 * dayMs);
  assert.equal((await ensure(1)).reused, true);
  clock.advance(20 * dayMs);
  const lines: string[] = [];
  writeFileSync(requirements, "fastapi==6\n");
  await ensurePythonEnvironment(requirements, { env, clock, onOutput: (line) => lines.push(line) });
  const left = made.map((environment) => existsSync(environment.folder));
  assert.deepEqual(left.filter(Boolean).length, 2, "the one used since, and one of the three used last");
  assert.equal(left[0], true);
  assert.match(lines.join("\n"), /removed 3 environments/);
});

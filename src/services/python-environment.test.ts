// The cache and its safety, with stand-ins for the interpreter and uv: shell scripts in a folder that is the whole PATH.
// The real tools make real environments in test/e2e/created-service.test.ts.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../../test/support/eventually.js";
import { kill9 } from "../../test/support/kill9.js";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { ensurePythonEnvironment, environmentHash, environmentsFolder } from "./python-environment.js";
import { withoutCredentials } from "./run-tool.js";

interface Machine {
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly requirements: string;
  readonly envs: string;
  write(name: string, script: string): void;
  /** Calls of uv so far. */
  calls(): readonly string[];
}

const interpreter = { path: "/usr/bin/python3", version: "3.11.7", platform: "linux-x86_64", hasVenv: true };

/** `uv venv … <folder>` makes an interpreter file; `uv pip …` runs `install`. */
function machine(t: TestContext, { python = interpreter, install = "exit 0", uv = true } = {}): Machine {
  const folder = temporaryFolder(t);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const write = (name: string, script: string): void =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const requirements = join(folder, "requirements.txt");
  writeFileSync(requirements, "# locked\nfastapi==1.0.0\n");
  write("python3", `echo '${JSON.stringify(python)}'`);
  const make = 'for last; do :; done; /bin/mkdir -p "$last/bin" && : > "$last/bin/python"';
  if (uv) write("uv", `echo "$1" >> "$CALLS"; case "$1" in venv) ${make};; pip) ${install};; esac`);
  const log = join(folder, "calls");
  const env = { PATH: bin, XDG_CACHE_HOME: join(folder, "cache"), CALLS: log };
  const calls = (): string[] => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);
  return { folder, env, requirements, envs: environmentsFolder(env), write, calls };
}

test("made once for a content, then used from the cache", async (t) => {
  const { env, requirements, calls, envs } = machine(t);
  const lines: string[] = [];
  const first = await ensurePythonEnvironment(requirements, { env, onProgress: (line) => lines.push(line) });
  assert.equal(first.reused, false);
  assert.ok(existsSync(first.python));
  assert.match(lines.join("\n"), /making a Python 3\.11\.7 environment with uv/);
  const second = await ensurePythonEnvironment(requirements, { env });
  assert.deepEqual([second.folder, second.reused], [first.folder, true]);
  assert.deepEqual(calls(), ["venv", "pip"]);
  writeFileSync(requirements, "fastapi==1.0.1\n");
  assert.notEqual((await ensurePythonEnvironment(requirements, { env })).folder, first.folder);
  assert.equal(readdirSync(envs).length, 4);
});

test("a change in an included file is a change of content, and files that include each other end", async (t) => {
  const { env, folder, requirements } = machine(t);
  const dev = join(folder, "dev.txt");
  writeFileSync(dev, "-r requirements.txt\n-c dev.txt\npytest==1\n");
  const first = await ensurePythonEnvironment(dev, { env });
  writeFileSync(requirements, "fastapi==1.0.1\n");
  assert.notEqual((await ensurePythonEnvironment(dev, { env })).hash, first.hash);
});

test("the hash is of packages and interpreter, not of comments", () => {
  const hash = environmentHash("a==1\n", interpreter);
  assert.equal(environmentHash("# why\n\na==1  # because\n", interpreter), hash);
  assert.notEqual(environmentHash("a==2\n", interpreter), hash);
  assert.notEqual(environmentHash("a==1\n", { ...interpreter, version: "3.12.0" }), hash);
});

test("two at once: one makes it, the other waits and uses it", async (t) => {
  const { env, requirements, calls } = machine(t);
  const both = await Promise.all([1, 2].map(() => ensurePythonEnvironment(requirements, { env })));
  assert.deepEqual(both.map(({ reused }) => reused).sort(), [false, true]);
  assert.deepEqual(calls(), ["venv", "pip"]);
});

test("a maker killed with -9 leaves nothing in use, and the next one cleans up after it", async (t) => {
  const { env, requirements, envs, write, calls } = machine(t, {
    install: 'echo $$ > "$CALLS.pip"; exec /bin/sleep 60',
  });
  const entry = fileURLToPath(new URL("./python-environment.js", import.meta.url));
  const program = `import { ensurePythonEnvironment } from ${JSON.stringify(entry)};
    await ensurePythonEnvironment(${JSON.stringify(requirements)});`;
  const maker = spawn(process.execPath, ["--input-type=module", "-e", program], { env, stdio: "ignore" });
  const pid = await eventually(
    // The file is there a moment before what is written into it.
    () => (existsSync(`${env.CALLS}.pip`) && Number(readFileSync(`${env.CALLS}.pip`, "utf8"))) || null,
  );
  maker.kill("SIGKILL");
  await once(maker, "exit");
  kill9(pid);
  assert.equal(readdirSync(envs).filter((name) => /^[0-9a-f]{32}$/.test(name)).length, 0);
  write(
    "uv",
    'echo "$1" >> "$CALLS"; for last; do :; done; case "$1" in venv) /bin/mkdir -p "$last/bin" && : > "$last/bin/python";; esac',
  );
  const made = await ensurePythonEnvironment(requirements, { env });
  assert.equal(made.reused, false);
  assert.deepEqual(calls(), ["venv", "pip", "venv", "pip"]);
  assert.equal(readdirSync(envs).length, 2);
});

test("an install that fails leaves nothing and says what the tool said, without credentials", async (t) => {
  const install = "echo 'error: https://me:secret@index.local has no fastapi==1.0.0' >&2; exit 1";
  const { env, requirements, envs } = machine(t, { install });
  await assert.rejects(ensurePythonEnvironment(requirements, { env }), (error: Error) => {
    assert.match(error.message, /\*\*\*@index\.local has no fastapi/);
    assert.doesNotMatch(JSON.stringify(error), /secret/);
    return true;
  });
  assert.deepEqual(readdirSync(envs), []);
});

test("no network, no venv, old Python, no Python: each named with what to do", async (t) => {
  const refused = async (made: Machine, message: RegExp, hint: RegExp): Promise<void> => {
    const { env, requirements } = made;
    await assert.rejects(ensurePythonEnvironment(requirements, { env }), { code: "ENVIRONMENT_FAILED", message, hint });
  };
  const install = "echo 'Temporary failure in name resolution' >&2; exit 2";
  await refused(machine(t, { install }), /index is not reachable/, /needs a network/);
  const bare = { ...interpreter, hasVenv: false };
  await refused(machine(t, { python: bare, uv: false }), /ensurepip is missing/, /apt-get install python3-venv/);
  await refused(
    machine(t, { python: { ...interpreter, version: "3.9.2" } }),
    /is Python 3\.9\.2; 3\.11 or later/,
    /newer/,
  );
  const none = machine(t);
  await refused(
    { ...none, env: { ...none.env, PATH: "/nonexistent" } },
    /no python3 on PATH/,
    /apt-get install python3/,
  );
});

test("ended on request: nothing is left", async (t) => {
  const { env, requirements, envs } = machine(t, { install: ': > "$CALLS.pip"; exec /bin/sleep 60' });
  const abort = new AbortController();
  const made = ensurePythonEnvironment(requirements, { env, signal: abort.signal });
  const ended = assert.rejects(made, { code: "INTERRUPTED" });
  await eventually(() => existsSync(`${env.CALLS}.pip`));
  abort.abort();
  await ended;
  assert.deepEqual(readdirSync(envs), []);
});

test("a missing lock file is named; credentials of URLs are not shown", async (t) => {
  const { env, folder } = machine(t);
  await assert.rejects(ensurePythonEnvironment(join(folder, "none.txt"), { env }), {
    code: "NOT_FOUND",
    message: /none\.txt/,
  });
  assert.equal(withoutCredentials("at https://a:b@host/simple"), "at https://***@host/simple");
});

// The proof that nothing is left is worth only as much as the search behind it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { endAppProcesses, findAppProcesses, markName } from "./app-processes.js";
import { runCommand } from "./command.js";
import { eventually } from "./eventually.js";
import { kill9 } from "./kill9.js";

function start(env: NodeJS.ProcessEnv, cwd: string): number {
  const program = "setInterval(() => {}, 60_000)";
  const child = spawn(process.execPath, ["-e", program], {
    env: { PATH: process.env.PATH, ...env },
    cwd,
    stdio: "ignore",
  });
  assert.ok(child.pid);
  return child.pid;
}

test("finds a process by its mark or as an instance in the app's folder, no other, and ends exactly those", async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tusk-found-")));
  t.after(() => rmSync(folder, { recursive: true }));
  const app = { mark: folder, folder };
  const marked = start({ [markName]: folder }, tmpdir());
  const instance = start({ TUSK_INSTANCE: "shop/users-1" }, folder);
  const other = start({ [markName]: "another app" }, folder);
  t.after(() => kill9(other));
  const pids = () => findAppProcesses(app).map(({ identity }) => identity.pid);
  // Between fork and exec the child still shows the environment of its parent.
  await eventually(() => pids().length === 2);
  assert.deepEqual([...pids()].sort(), [marked, instance].sort());
  endAppProcesses(app);
  await eventually(() => pids().length === 0);
  assert.throws(() => kill9(marked), /was gone/);
});

test("a command's output and exit code are kept, one that hangs is ended and reported", async () => {
  const options = { cwd: tmpdir(), env: process.env };
  const result = await runCommand(["sh", "-c", "echo out; echo err >&2; exit 3"], options);
  assert.deepEqual(result, { code: 3, stdout: "out\n", stderr: "err\n" });
  await assert.rejects(runCommand(["sleep", "60"], { ...options, timeoutMs: 50 }), /not ended within 50 ms/);
});

test("a command that leaves something behind on its output is reported", async () => {
  const options = { cwd: tmpdir(), env: process.env, lingerMs: 50 };
  const running = runCommand(["sh", "-c", "sleep 5 & echo $!"], options);
  await assert.rejects(running, (error: Error) => {
    const pid = Number(/^(\d+)$/m.exec(error.message)?.[1]);
    kill9(pid);
    return /keeps its output open/.test(error.message);
  });
});

test("a program that cannot be started rejects", async () => {
  await assert.rejects(runCommand(["/nonexistent/program"], { cwd: tmpdir(), env: {} }), /ENOENT/);
});

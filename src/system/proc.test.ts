import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { eventually } from "../../test/support/eventually.js";
import { kill9 } from "../../test/support/kill9.js";
import {
  commandLine,
  identify,
  isAlive,
  listeningInodes,
  listPids,
  portHolders,
  readEnvironmentVariable,
  readStat,
  signalProcess,
} from "./proc.js";

test("a process is known by pid, start and boot", () => {
  const self = identify(process.pid);
  assert.ok(self);
  assert.ok(isAlive(self));
  assert.ok(!isAlive({ ...self, startTicks: self.startTicks + 1 }));
  assert.ok(!isAlive({ ...self, bootId: "another" }));
  assert.equal(readStat(process.pid)?.parentPid, process.ppid);
  assert.ok(listPids().includes(process.pid));
  assert.equal(identify(2 ** 22 + 1), null);
});

test("a command name with spaces and parentheses does not confuse", async (t) => {
  const child = spawn(
    process.execPath,
    ["-e", "process.title = 'a) R 1 (b'; console.log('x'); setInterval(() => {}, 1e6)"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  assert.equal(readStat(pid)?.parentPid, process.pid);
});

test("a variable of another process is read whole", async (t) => {
  const child = spawn("sleep", ["1000"], { env: { ...process.env, GIVEN: "a=b" } });
  t.after(() => child.kill("SIGKILL"));
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  assert.equal(readEnvironmentVariable(pid, "GIVEN"), "a=b");
  assert.equal(readEnvironmentVariable(pid, "GIVE"), null);
  assert.equal(readEnvironmentVariable(2 ** 22 + 1, "GIVEN"), null);
});

test("a zombie is dead, and is not signalled", async (t) => {
  // The shell does not wait for its child, which so stays a zombie.
  const script = "sleep 1000 & echo $!; exec sleep 1001";
  const shell = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => shell.kill("SIGKILL"));
  const [line] = (await once(shell.stdout, "data")) as [Buffer];
  const pid = Number(String(line));
  await eventually(() => commandLine(shell.pid ?? 0).startsWith("sleep"));
  kill9(pid);
  await eventually(() => readStat(pid)?.state === "Z");
  assert.equal(identify(pid), null);
  const { startTicks } = readStat(pid) ?? { startTicks: 0 };
  const boot = identify(process.pid)?.bootId ?? "";
  assert.equal(signalProcess({ pid, startTicks, bootId: boot }, "SIGTERM"), false);
});

test("who listens on a port is found", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  assert.equal(listeningInodes(address.port).size, 1);
  assert.deepEqual(
    portHolders(address.port).map(({ pid }) => pid),
    [process.pid],
  );
});

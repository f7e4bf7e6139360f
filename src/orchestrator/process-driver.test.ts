// The driver with real processes: small programs in a temporary folder, killed and left in every way.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DriverHarness, fetchText, tcpProbe } from "../../test/support/driver-harness.js";
import { eventually } from "../../test/support/eventually.js";
import { kill9 } from "../../test/support/kill9.js";
import { tryBind } from "../system/ports.js";
import { identify, isAlive } from "../system/proc.js";
import { findLeftovers } from "./leftovers.js";
import { createPortLeases } from "./port-leases.js";

const node = process.execPath;
const isUp = (pid: number): boolean => identify(pid) !== null;

function driverTest(name: string, body: (harness: DriverHarness) => Promise<void>): void {
  test(name, { timeout: 60_000 }, async () => {
    const harness = new DriverHarness();
    try {
      await body(harness);
    } finally {
      await harness.close();
    }
  });
}

describe("process driver: start and stop", () => {
  driverTest("starts, is ready when its own process listens, logs, and leaves nothing", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { replicas: 2 });
    assert.deepEqual([...driver.instances.get().keys()], ["users-1", "users-2"]);
    const first = await harness.until(driver, "users-1");
    const second = await harness.until(driver, "users-2");
    assert.equal(await fetchText(first.port), String(first.process.pid));
    assert.notEqual(first.port, second.port);
    assert.equal(first.health, "passing");
    assert.equal(first.lastProbe?.ok, true);
    await driver.stopAll();
    assert.equal(driver.instances.get().size, 0);
    assert.deepEqual([isAlive(first.process), isAlive(second.process)], [false, false]);
    assert.equal(await tryBind("127.0.0.1", first.port), "free");
    assert.match(harness.log("users-1"), /to stderr/);
    assert.match(harness.log("users-1"), new RegExp(`listening ${first.process.pid}`));
    assert.deepEqual(JSON.parse(harness.records()).instances, []);
    assert.deepEqual(
      harness.drained.map((view) => [view.id, view.phase, view.ready]),
      [
        ["users-1", "draining", false],
        ["users-2", "draining", false],
      ],
    );
  });

  driverTest("gives PORT, HOST, TUSK_INSTANCE and the addresses of callees", async (harness) => {
    const driver = harness.driver();
    const print = "echo $PORT $HOST $TUSK_INSTANCE $TUSK_REVISION $USERS_URL; exec sleep 1000";
    const callers = {
      service: "web",
      run: { kind: "shell", command: print },
      directUrls: { USERS_URL: "users" },
    } as const;
    harness.apply(driver, {}, { ...callers, startAfter: ["users"], probes: undefined });
    assert.equal(driver.instances.get().get("web-1")?.reason, "waits for a ready instance of users");
    const web = await harness.until(driver, "web-1");
    const users = await harness.until(driver, "users-1");
    const log = (): string => (existsSync(web.logFile) ? harness.log("web-1") : "");
    await eventually(() => log().includes("\n"), { what: "it printed a line" });
    const [line = ""] = log().split("\n");
    const tag = `${harness.appKey}/web-1/[\\w-]{12}`;
    assert.match(line, new RegExp(`^${web.port} 127.0.0.1 ${tag} 1:a http://127.0.0.1:${users.port}$`));
  });

  driverTest("a program that ignores SIGTERM gets SIGKILL after the grace period", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { run: { kind: "exec", argv: [node, "stubborn.js"] }, stopGraceMs: 100 });
    const { process } = await harness.until(driver, "users-1");
    await driver.stopAll();
    assert.equal(isAlive(process), false);
    assert.match(harness.log("users-1"), /not now/);
    assert.ok(harness.kinds().includes("instance.killed"));
  });

  driverTest("a command that does not exist, and a folder that does not: failed, with the reason", async (harness) => {
    const driver = harness.driver();
    harness.apply(
      driver,
      { run: { kind: "exec", argv: ["no-such-program-here"] } },
      { service: "web", cwd: join(harness.root, "nowhere") },
      { service: "bad", env: { PATH: "a\0b" } },
    );
    const failed = await harness.until(driver, "users-1", (view) => view.phase === "failed");
    assert.match(failed.reason, /there is no program "no-such-program-here"/);
    assert.match(
      (await harness.until(driver, "web-1", (view) => view.phase === "failed")).reason,
      /nowhere does not exist/,
    );
    assert.match((await harness.until(driver, "bad-1", (view) => view.phase === "failed")).reason, /null bytes/);
    await assert.rejects(driver.restart("users"), { code: "NOT_READY" });
    await assert.rejects(driver.restart("nobody"), { code: "UNKNOWN_SERVICE" });
    await assert.rejects(driver.restart("users", "users-7"), { code: "NOT_FOUND" });
  });

  driverTest("a crashing program backs off with its exit code and what is next", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { run: { kind: "exec", argv: [node, "crash.js"] } });
    const view = await harness.until(driver, "users-1", (seen) => seen.phase === "backoff" && seen.restarts === 2);
    assert.equal(view.lastExit?.code, 3);
    assert.match(view.reason, /exited with code 3/);
    assert.ok(view.nextStartAt !== null);
    assert.match(harness.log("users-1"), /about to fail\nabout to fail\n/);
  });

  driverTest("a program that listens elsewhere is told so", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { run: { kind: "exec", argv: [node, "elsewhere.js"] } });
    const view = await harness.until(driver, "users-1", (seen) => seen.reason.includes("instead of"));
    assert.match(view.reason, /connection refused on port \d+; it listens on port \d+ instead of \d+ \(PORT\)/);
    assert.equal(view.health, "starting");
  });
});

describe("process driver: whatever is killed", () => {
  driverTest("kill -9 of the process: restarted on the same port", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, {});
    const before = await harness.until(driver, "users-1");
    kill9(before.process.pid);
    const after = await harness.until(driver, "users-1", (view) => view.restarts === 1 && view.ready);
    assert.equal(after.port, before.port);
    assert.equal(after.lastExit?.signal, "SIGKILL");
    assert.notEqual(after.process.pid, before.process.pid);
  });

  driverTest("kill -9 of a wrapper: what it left is ended before the restart", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { run: { kind: "shell", command: `"${node}" server.js & wait` } });
    const before = await harness.until(driver, "users-1");
    const child = Number(await fetchText(before.port));
    assert.notEqual(child, before.process.pid);
    kill9(before.process.pid);
    const after = await harness.until(driver, "users-1", (view) => view.restarts === 1 && view.ready);
    assert.equal(isUp(child), false);
    assert.equal(after.port, before.port);
  });

  driverTest("kill -9 of a wrapper's child: noticed by the dead port, restarted", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { run: { kind: "shell", command: `"${node}" server.js & while :; do sleep 0.2; done` } });
    const before = await harness.until(driver, "users-1");
    kill9(Number(await fetchText(before.port)));
    const after = await harness.until(driver, "users-1", (view) => view.restarts === 1 && view.ready);
    assert.equal(isAlive(before.process), false);
    assert.match(harness.messages("instance.unhealthy")[0] ?? "", /the process that served port \d+ is gone/);
    assert.equal(await fetchText(after.port).then((text) => text !== null), true);
  });

  driverTest("a daemonised grandchild is ended with its instance", async (harness) => {
    const driver = harness.driver();
    const daemon = `setsid sh -c 'echo $$ > daemon.pid; exec sleep 1000' & exec "${node}" server.js`;
    harness.apply(driver, { run: { kind: "shell", command: daemon } });
    const before = await harness.until(driver, "users-1");
    const pid = await eventually(() => existsSync(join(harness.root, "daemon.pid")) && daemonPid(harness));
    assert.equal(isUp(pid), true);
    kill9(before.process.pid);
    await harness.until(driver, "users-1", (view) => view.restarts === 1 && view.ready);
    assert.equal(isUp(pid), false);
    await driver.stopAll();
    assert.deepEqual(findLeftovers(harness.appKey), []);
  });
});

describe("process driver: its own folder fails", () => {
  driverTest("a state that cannot be written is told, supervision goes on", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, {});
    const before = await harness.until(driver, "users-1");
    renameSync(harness.stateFolder, `${harness.stateFolder}.away`);
    writeFileSync(harness.stateFolder, "not a folder");
    kill9(before.process.pid);
    const waiting = await harness.until(driver, "users-1", (view) => view.restarts === 2);
    assert.match(waiting.reason, /its log cannot be opened/);
    assert.equal(harness.messages("state.unwritten").length, 1);
    rmSync(harness.stateFolder);
    renameSync(`${harness.stateFolder}.away`, harness.stateFolder);
    await harness.until(driver, "users-1");
  });
});

describe("process driver: replacement", () => {
  driverTest(
    "a new revision is ready before the old one is drained, and an answer is always there",
    async (harness) => {
      const order: string[] = [];
      const driver = harness.driver({
        drain: async (view) => {
          const successor = driver.instances.get().get("users-1+");
          order.push(`drain ${view.id} while the successor is ${successor?.ready ? "ready" : "not ready"}`);
          assert.equal(await fetchText(view.port), String(view.process?.pid));
        },
      });
      harness.apply(driver, {});
      const before = await harness.until(driver, "users-1");
      harness.apply(driver, { revision: 2, hash: "b" });
      assert.equal(driver.instances.get().get("users-1+")?.phase, "starting");
      const after = await harness.until(driver, "users-1", (view) => view.revision === 2 && view.ready);
      assert.deepEqual(order, ["drain users-1 while the successor is ready"]);
      assert.notEqual(after.port, before.port);
      assert.equal(isAlive(before.process), false);
      assert.equal(driver.instances.get().has("users-1+"), false);
    },
  );

  driverTest("restart resolves when all are replaced, with nobody left over", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { replicas: 2 });
    const before = [await harness.until(driver, "users-1"), await harness.until(driver, "users-2")];
    await driver.restart("users");
    const after = [...driver.instances.get().values()];
    assert.deepEqual(
      after.map((view) => view.ready),
      [true, true],
    );
    assert.deepEqual(
      before.map((view) => isAlive(view.process)),
      [false, false],
    );
    await driver.restart("users", "users-2");
    assert.equal(driver.instances.get().get("users-1")?.process?.pid, after[0]?.process?.pid);
  });

  driverTest("a revision that does not become ready leaves the old one serving", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, {});
    const before = await harness.until(driver, "users-1");
    harness.apply(driver, { revision: 2, hash: "b", run: { kind: "exec", argv: [node, "crash.js"] } });
    await eventually(() => harness.kinds().includes("service.revision-refused"));
    const view = await harness.until(driver, "users-1");
    assert.deepEqual([view.process.pid, view.revision], [before.process.pid, 1]);
    await assert.rejects(driver.restart("users"), { code: "NOT_READY" });
    assert.equal(isAlive(before.process), true);
  });

  driverTest("a drain that never ends is given up after drainMs", async (harness) => {
    const driver = harness.driver({ drain: () => new Promise(() => {}) });
    harness.apply(driver, { drainMs: 100 });
    await harness.until(driver, "users-1");
    await driver.stopAll();
  });

  driverTest("changed probes take effect without a new process", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, {});
    const before = await harness.until(driver, "users-1");
    const failing = {
      ...tcpProbe,
      check: { kind: "http", path: "/", statuses: [201, 201] },
      failureThreshold: 1,
    } as const;
    harness.apply(driver, { probes: { startup: tcpProbe, startupLimitMs: 60_000, readiness: failing } });
    const after = await harness.until(driver, "users-1", (view) => !view.ready);
    assert.equal(after.process.pid, before.process.pid);
    assert.match(after.reason, /200 OK/);
  });
});

describe("process driver: ports", () => {
  driverTest("a foreign process on the port is named, and another port is taken", async (harness) => {
    const leases = createPortLeases({
      stateFolder: harness.stateFolder,
      claimsFolder: join(harness.root, "claims"),
      appFolder: join(harness.root, "app"),
    });
    const port = leases.lease("instance/users-1");
    const foreign = createServer().listen(port, "127.0.0.1");
    await once(foreign, "listening");
    try {
      const driver = harness.driver();
      harness.apply(driver, {});
      const view = await harness.until(driver, "users-1");
      assert.notEqual(view.port, port);
      assert.match(harness.messages("port.taken")[0] ?? "", new RegExp(`port ${port} .*pid ${process.pid} `));
    } finally {
      foreign.close();
    }
  });

  driverTest("another's listener on a program that does not listen is no readiness", async (harness) => {
    const driver = harness.driver();
    const idle = { kind: "exec", argv: ["sleep", "1000"] } as const;
    harness.apply(driver, { run: idle });
    const { port } = await harness.until(driver, "users-1", (view) => view.lastProbe !== null);
    const foreign = createServer().listen(port, "127.0.0.1");
    await once(foreign, "listening");
    try {
      const moved = await harness.until(driver, "users-1", (view) => view.restarts === 1 && view.port !== port);
      assert.equal(moved.ready, false);
      assert.ok(harness.messages("port.taken").some((message) => message.includes(`pid ${process.pid} `)));
    } finally {
      foreign.close();
    }
  });
});

describe("process driver: build and setup", () => {
  driverTest("run once for a revision, also over a change of controllers", async (harness) => {
    const sides = {
      build: { kind: "shell", command: "echo build >> order.txt" },
      setup: { kind: "shell", command: "echo setup >> order.txt; echo migrated" },
    } as const;
    const first = harness.driver();
    harness.apply(first, { ...sides, replicas: 2 });
    assert.deepEqual(first.instances.get().get("users-1")?.waitingFor, ["setup"]);
    await harness.until(first, "users-2");
    assert.match(harness.log("users.setup"), /migrated/);
    await first.stopAll();
    const second = harness.driver();
    harness.apply(second, sides);
    await harness.until(second, "users-1");
    assert.equal(readFileSync(join(harness.root, "order.txt"), "utf8"), "build\nsetup\n");
  });

  driverTest(
    "a failure ends in failed, with the last lines; the commands' children are ended on stop",
    async (harness) => {
      const driver = harness.driver();
      harness.apply(driver, { setup: { kind: "shell", command: "echo no such table: users >&2; exit 4" } });
      const view = await harness.until(driver, "users-1", (seen) => seen.phase === "failed");
      assert.match(view.reason, /the setup command of users exited with code 4: no such table: users/);
      harness.apply(driver, { hash: "b", revision: 2, build: { kind: "shell", command: "sleep 1000 & wait" } });
      await eventually(() => findLeftovers(harness.appKey).length > 0);
      await driver.stopAll();
      assert.deepEqual(findLeftovers(harness.appKey), []);
    },
  );
});

const child = fileURLToPath(new URL("../../test/support/driver-child.js", import.meta.url));

describe("process driver: adoption", () => {
  driverTest("after detach: same pids, still ready, restarted when killed", async (harness) => {
    const first = harness.driver();
    harness.apply(first, { replicas: 2 });
    const before = [await harness.until(first, "users-1"), await harness.until(first, "users-2")];
    await first.detach();
    assert.throws(() => harness.apply(first, {}), { code: "NOT_RUNNING" });
    const second = harness.driver();
    harness.apply(second, { replicas: 2 });
    const after = [...second.instances.get().values()];
    assert.deepEqual(
      after.map((view) => view.process),
      before.map((view) => view.process),
    );
    assert.deepEqual(
      after.map((view) => [view.ready, view.adopted, view.port]),
      before.map((view) => [true, true, view.port]),
    );
    assert.deepEqual(harness.messages("instance.started").length, 2);
    kill9(before[0]?.process.pid ?? 0);
    const again = await harness.until(second, "users-1", (view) => view.restarts === 1 && view.ready);
    assert.equal(again.lastExit?.unknown, true);
    assert.equal(again.port, before[0]?.port);
    await second.stopAll();
    assert.deepEqual(findLeftovers(harness.appKey), []);
  });

  driverTest(
    "a controller killed with -9: adopted by the next, a new revision replaces make before break",
    async (harness) => {
      const pids = await startElsewhere(harness, { replicas: 2 });
      const driver = harness.driver();
      harness.apply(driver, { replicas: 2 });
      assert.deepEqual(
        [...driver.instances.get().values()].map((view) => view.process?.pid),
        pids,
      );
      assert.ok([...driver.instances.get().values()].every((view) => view.ready && view.adopted));
      harness.apply(driver, { replicas: 1, hash: "b", revision: 2 });
      await harness.until(driver, "users-1", (view) => view.revision === 2 && view.ready);
      await eventually(() => driver.instances.get().size === 1);
      assert.deepEqual(pids.map(isUp), [false, false]);
    },
  );

  driverTest("a controller killed with -9 while it starts instances leaks none", async (harness) => {
    for (const killAfterMs of [0, 20, 40]) {
      await startElsewhere(harness, { replicas: 3 }, killAfterMs);
      const driver = harness.driver();
      await driver.stopAll();
      assert.deepEqual(findLeftovers(harness.appKey), []);
    }
  });

  for (const [name, damage] of [
    ["damaged", "{ not json"],
    ["of another shape", '{"instances":[{"tag":7}],"prepared":{}}'],
  ] as const) {
    driverTest(`a file that is ${name} is set aside, the instances are found under /proc`, async (harness) => {
      const first = harness.driver();
      harness.apply(first, {});
      const before = await harness.until(first, "users-1");
      await first.detach();
      writeFileSync(join(harness.stateFolder, "instances.json"), damage);
      const second = harness.driver();
      harness.apply(second, {});
      const view = second.instances.get().get("users-1");
      assert.deepEqual(view?.process, before.process);
      assert.deepEqual([view?.ready, view?.port, view?.revision], [true, before.port, 1]);
      assert.ok(readdirSync(harness.stateFolder).includes("instances.json.damaged-1"));
      assert.ok(harness.kinds().includes("state.damaged"));
    });
  }

  driverTest("a pid that is another process by now is never signalled", async (harness) => {
    const first = harness.driver();
    harness.apply(first, {});
    const { process: own } = await harness.until(first, "users-1");
    await first.detach();
    const bystander = spawn("sleep", ["1000"], { stdio: "ignore" });
    const pid = bystander.pid ?? 0;
    const records = JSON.parse(harness.records());
    // As if the instance had died and its pid had been given to somebody else.
    records.instances[0].process.pid = pid;
    writeFileSync(join(harness.stateFolder, "instances.json"), JSON.stringify(records));
    const second = harness.driver();
    await second.stopAll();
    assert.equal(isAlive(own), false);
    assert.equal(isUp(pid), true);
    bystander.kill();
  });

  driverTest("what lost its first process is ended and started again", async (harness) => {
    const first = harness.driver();
    harness.apply(first, { run: { kind: "shell", command: `"${node}" server.js & wait` } });
    const before = await harness.until(first, "users-1");
    const server = Number(await fetchText(before.port));
    await first.detach();
    kill9(before.process.pid);
    await eventually(() => !isAlive(before.process));
    const second = harness.driver();
    harness.apply(second, { run: { kind: "shell", command: `"${node}" server.js & wait` } });
    await harness.until(second, "users-1", (view) => view.ready && !view.adopted);
    assert.equal(isUp(server), false);
    assert.ok(harness.kinds().includes("instance.orphaned"));
  });

  driverTest("services that left the plan in between are drained and stopped", async (harness) => {
    const first = harness.driver();
    harness.apply(first, {}, { service: "web" });
    const web = await harness.until(first, "web-1");
    await harness.until(first, "users-1");
    await first.detach();
    const second = harness.driver();
    harness.apply(second, {});
    await eventually(() => !second.instances.get().has("web-1"));
    assert.equal(isAlive(web.process), false);
    assert.equal(second.instances.get().get("users-1")?.adopted, true);
  });
});

describe("process driver: probes and sampling", () => {
  driverTest("checkHealth asks now and changes nothing", async (harness) => {
    const driver = harness.driver();
    const http = { ...tcpProbe, check: { kind: "http", path: "/", statuses: [200, 399] } } as const;
    const command = {
      ...tcpProbe,
      check: { kind: "command", command: { kind: "shell", command: 'test -n "$PORT"' } },
    } as const;
    harness.apply(driver, {
      probes: { startup: tcpProbe, startupLimitMs: 60_000, readiness: http, liveness: command },
    });
    await harness.until(driver, "users-1");
    const before = driver.instances.get();
    const [report] = await driver.checkHealth("users");
    assert.deepEqual(
      report?.probes.map(({ probe, ok, detail }) => [probe, ok, detail.replace(/\d{5}/, "N")]),
      [
        ["startup", true, "connected to port N"],
        ["liveness", true, "exit code 0"],
        ["readiness", true, "200 OK"],
      ],
    );
    assert.equal(report?.ok, true);
    assert.equal(driver.instances.get(), before);
  });

  driverTest("without probes running means ready", async (harness) => {
    const driver = harness.driver();
    harness.apply(driver, { probes: undefined, run: { kind: "exec", argv: ["sleep", "1000"] } });
    const view = await harness.until(driver, "users-1");
    assert.match(view.reason, /health checks are switched off/);
    assert.deepEqual(
      (await driver.checkHealth("users")).map((report) => report.ok),
      [true],
    );
  });

  driverTest("samples the whole tree, when monitoring is on", async (harness) => {
    const driver = harness.driver({ monitoring: () => true });
    const busy = `"${node}" -e "for(;;);" & exec "${node}" server.js`;
    harness.apply(driver, { run: { kind: "shell", command: busy } });
    const view = await harness.until(driver, "users-1", (seen) => (seen.cpuPercent ?? 0) > 5);
    assert.ok((view.memoryBytes ?? 0) > 5_000_000, String(view.memoryBytes));
  });
});

/** Runs a driver in another process, kills that with -9, and returns the pids of the instances. */
async function startElsewhere(
  harness: DriverHarness,
  over: { readonly replicas: number },
  killAfterMs?: number,
): Promise<number[]> {
  const plan = JSON.stringify({ format: 1, app: "test", services: [harness.plan(over)] });
  const args = [child, harness.appKey, harness.root, plan];
  const controller = spawn(node, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  controller.stdout.on("data", (chunk) => lines.push(...String(chunk).trim().split("\n")));
  await eventually(() => lines.includes("applied"));
  if (killAfterMs === undefined) await eventually(() => lines.find((line) => line.startsWith("ready")));
  else await once(AbortSignal.timeout(killAfterMs), "abort");
  controller.kill("SIGKILL");
  await once(controller, "exit");
  const ready = lines.find((line) => line.startsWith("ready"));
  return (ready?.split(" ").slice(1) ?? []).map(Number);
}

function daemonPid(harness: DriverHarness): number | null {
  return Number(readFileSync(join(harness.root, "daemon.pid"), "utf8")) || null;
}

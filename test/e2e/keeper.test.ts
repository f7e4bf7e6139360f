// The keeper, its workers and its controller as real processes, each killed with -9 in turn: the sockets stay, the
// traffic goes on, whoever died is replaced, and a shutdown leaves nothing.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { startKeeper } from "../../src/keeper/start-keeper.js";
import { listeningInodes } from "../../src/system/proc.js";
import { eventually } from "../support/eventually.js";
import { httpGet } from "../support/http-get.js";
import { ended, identityOf, type KeeperSystem, startKeeperSystem } from "../support/keeper-system.js";
import { kill9 } from "../support/kill9.js";
import { temporaryFolder } from "../support/temporary-folder.js";

interface Traffic {
  readonly answered: number;
  readonly errors: readonly string[];
  stop(): Promise<void>;
}

/** Requests one after another on several lines, each on a connection of its own. */
function requestsTo(test: TestContext, port: number): Traffic {
  const errors: string[] = [];
  let answered = 0;
  let running = true;
  const line = async (): Promise<void> => {
    while (running) {
      try {
        const { status } = await httpGet(`http://127.0.0.1:${port}/x`);
        if (status === 200) answered++;
        else errors.push(String(status));
      } catch (error) {
        errors.push((error as NodeJS.ErrnoException).code ?? String(error));
      }
    }
  };
  const lines = [line(), line(), line(), line()];
  const stop = async (): Promise<void> => {
    running = false;
    await Promise.all(lines);
  };
  test.after(stop);
  return {
    get answered() {
      return answered;
    },
    errors,
    stop,
  };
}

async function moreAnswers(traffic: Traffic, count = 50): Promise<void> {
  const before = traffic.answered;
  await eventually(() => traffic.answered > before + count, { what: `${count} more answers` });
}

async function killKeeper(system: KeeperSystem): Promise<number> {
  const { keeperPid } = await system.status();
  kill9(keeperPid);
  const after = await system.until("a successor answers", (status) => status.keeperPid !== keeperPid);
  return after.keeperPid;
}

async function onlyWorker(system: KeeperSystem): Promise<number> {
  const { workers } = await system.until("a worker serves", (status) => status.workers[0]?.state === "serving");
  return workers[0]?.pid ?? 0;
}

describe("the keeper", () => {
  it("serves, and its shutdown leaves no process, no port and no file", async (test) => {
    const system = await startKeeperSystem(test);
    const port = (await system.serve(["a"])).get("a") ?? 0;
    assert.match((await httpGet(`http://127.0.0.1:${port}/hello`)).text, /you asked for \/hello/);
    assert.equal(system.processes().length, 2);
    const answer = await system.client.request({ type: "shutdown", drainMs: 1_000 });
    assert.equal(answer.type, "shutdown");
    await eventually(() => system.processes().length === 0, { what: "keeper and worker have ended" });
    assert.equal(listeningInodes(port).size, 0);
    assert.deepEqual(readdirSync(system.runtime), ["logs"]);
  });

  it("tells why a socket cannot be bound, and leaves the others", async (test) => {
    const system = await startKeeperSystem(test);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    test.after(() => void taken.close());
    const { port: takenPort } = taken.address() as { port: number };
    const wanted = [
      { name: "good", host: "127.0.0.1", port: 0 },
      { name: "taken", host: "127.0.0.1", port: takenPort },
      { name: "elsewhere", host: "192.0.2.1", port: 0 },
      { name: "six", host: "::1", port: 0 },
    ];
    const results = await system.listen(wanted);
    const codes = results.map((result) => (result.ok ? "ok" : result.code));
    assert.deepEqual(codes, ["ok", "EADDRINUSE", "EADDRNOTAVAIL", "ok"]);
    const again = await system.listen(wanted);
    assert.deepEqual(again, results, "a port that was taken from the free ones is kept");
    const good = results[0]?.ok ? results[0].port : 0;
    const two = await system.listen([
      { name: "good", host: "127.0.0.1", port: good },
      { name: "twin", host: "127.0.0.1", port: good },
    ]);
    assert.deepEqual(
      two.map((result) => (result.ok ? "ok" : result.code)),
      ["ok", "EADDRINUSE"],
    );
    assert.equal((await httpGet(`http://127.0.0.1:${good}/`)).status, 503);
  });

  it("moves a socket to another port or address under its name, and closes what is not wanted", async (test) => {
    const system = await startKeeperSystem(test);
    const first = await system.listen([{ name: "main", host: "127.0.0.1", port: 0 }]);
    const port = first[0]?.ok ? first[0].port : 0;
    const wide = await system.listen([{ name: "main", host: "0.0.0.0", port }]);
    assert.deepEqual(wide, [{ name: "main", ok: true, port }]);
    assert.equal((await httpGet(`http://127.0.0.1:${port}/`)).status, 503);
    const moved = await system.listen([{ name: "main", host: "127.0.0.1", port: 0 }]);
    assert.notEqual(moved[0]?.ok && moved[0].port, port);
    await eventually(() => listeningInodes(port).size === 0, { what: "the old port is free" });
    await system.listen([]);
    const newPort = moved[0]?.ok ? moved[0].port : 0;
    await eventually(() => listeningInodes(newPort).size === 0, { what: "the new port is free" });
  });

  it("replaces a killed worker in under a second, and no connection is refused", async (test) => {
    const system = await startKeeperSystem(test);
    const port = (await system.serve(["a"])).get("a") ?? 0;
    const traffic = requestsTo(test, port);
    await moreAnswers(traffic);
    for (let round = 0; round < 3; round++) {
      const pid = await onlyWorker(system);
      const killedAt = performance.now();
      kill9(pid);
      await system.until("another worker serves", ({ workers }) => {
        return workers.some((worker) => worker.pid !== pid && worker.state === "serving");
      });
      const tookMs = performance.now() - killedAt;
      test.diagnostic(`replaced after ${Math.round(tookMs)} ms`);
      assert.ok(tookMs < 1_000);
      await moreAnswers(traffic);
    }
    await traffic.stop();
    assert.ok(traffic.errors.length <= 12, `only what was in flight: ${traffic.errors}`);
    assert.doesNotMatch(traffic.errors.join(), /REFUSED|503/);
    const exits = system.notices.filter((notice) => notice.type === "worker-exited");
    assert.equal(exits.length, 3);
  });

  it("replaces a worker that is told to end, before it has ended: no request fails", async (test) => {
    const system = await startKeeperSystem(test);
    const port = (await system.serve(["a"])).get("a") ?? 0;
    const traffic = requestsTo(test, port);
    await moreAnswers(traffic);
    const worker = identityOf(await onlyWorker(system));
    process.kill(worker.pid, "SIGTERM");
    await eventually(() => ended(worker), { what: "the worker has ended" });
    await moreAnswers(traffic);
    await traffic.stop();
    assert.deepEqual(traffic.errors, []);
  });

  it("changes the number of workers", async (test) => {
    const system = await startKeeperSystem(test);
    const port = (await system.serve(["a"])).get("a") ?? 0;
    await system.client.request({ type: "workers", count: 3 });
    await system.until("three workers serve", ({ workers }) => workers.length === 3);
    await system.client.request({ type: "workers", count: 1 });
    await system.until("one is left", ({ workers }) => workers.length === 1);
    assert.equal((await httpGet(`http://127.0.0.1:${port}/`)).status, 200);
  });

  it("is succeeded when it is killed: no request fails, and all goes on", async (test) => {
    const system = await startKeeperSystem(test);
    const port = (await system.serve(["a"])).get("a") ?? 0;
    const traffic = requestsTo(test, port);
    await moreAnswers(traffic);
    const worker = await onlyWorker(system);
    const killedAt = performance.now();
    const second = await killKeeper(system);
    test.diagnostic(`succeeded after ${Math.round(performance.now() - killedAt)} ms`);
    assert.equal(await onlyWorker(system), worker, "the worker is the same");
    await moreAnswers(traffic);
    assert.deepEqual(traffic.errors, []);
    await eventually(() => system.notices.some((notice) => notice.type === "keeper-succeeded"), { what: "the notice" });

    const ports = await system.serve(["a", "b"]);
    assert.equal(ports.get("a"), port, "the socket is the same");
    assert.equal((await httpGet(`http://127.0.0.1:${ports.get("b")}/b`)).status, 200);

    kill9(worker);
    await system.until("another worker serves", ({ workers }) => {
      return workers.some(({ pid, state }) => pid !== worker && state === "serving");
    });
    await moreAnswers(traffic);
    assert.equal((await httpGet(`http://127.0.0.1:${ports.get("b")}/b`)).status, 200);

    const third = await killKeeper(system);
    assert.notEqual(third, second);
    await moreAnswers(traffic);
    await traffic.stop();
    assert.doesNotMatch(traffic.errors.join(), /REFUSED|503/);

    await system.client.request({ type: "shutdown", drainMs: 500 });
    await eventually(() => system.processes().length === 0, { what: "all have ended" });
    assert.deepEqual(readdirSync(system.runtime), ["logs"]);
  });

  it("is succeeded once with several workers, and the others are replaced without a failed request", async (test) => {
    const system = await startKeeperSystem(test, { workerCount: 3 });
    const port = (await system.serve(["a"])).get("a") ?? 0;
    const before = (await system.status()).workers.map(({ pid }) => pid);
    const traffic = requestsTo(test, port);
    await moreAnswers(traffic);
    await killKeeper(system);
    await eventually(() => before.map(isGone).filter(Boolean).length === 2, { what: "two workers were replaced" });
    await system.until("three workers serve", ({ workers }) => {
      return workers.filter(({ state }) => state === "serving").length === 3;
    });
    await moreAnswers(traffic);
    await traffic.stop();
    assert.deepEqual(traffic.errors, []);
    assert.equal(system.processes().length, 4);
  });

  it("ends with all that it started when its folder is gone, or when it is told to", async (test) => {
    const gone = await startKeeperSystem(test);
    const keeper = identityOf((await gone.status()).keeperPid);
    const worker = identityOf(await onlyWorker(gone));
    rmSync(gone.runtime, { recursive: true });
    await eventually(() => ended(keeper) && ended(worker), { what: "both have ended" });
    const told = await startKeeperSystem(test);
    process.kill((await told.status()).keeperPid, "SIGTERM");
    await eventually(() => told.processes().length === 0, { what: "both have ended" });
    assert.deepEqual(readdirSync(told.runtime), ["logs"]);
  });

  it("survives rubbish on its socket", async (test) => {
    const system = await startKeeperSystem(test);
    for (const bytes of ["rubbish\n", "null\n", '{"id":1}\n', '{"id":1,"body":{"type":"nonsense"}}\n', "[]\n"]) {
      await sendBytes(system.socketPath, bytes);
    }
    const bad = await system.client.request({ type: "listen", listeners: "nonsense" as unknown as [] });
    assert.equal(bad.type, "error");
    assert.equal((await system.status()).workers.length, 1);
  });

  it("renews a worker beside the one that serves, and ends whichever it is told", async (test) => {
    const system = await startKeeperSystem(test);
    const port = (await system.serve(["a"])).get("a") ?? 0;
    const old = await onlyWorker(system);
    const traffic = requestsTo(test, port);
    await moreAnswers(traffic);
    const renewed = await system.client.request({ type: "renew", slot: 1, limitMs: 10_000 });
    assert.equal(renewed.type, "renew", JSON.stringify(renewed));
    assert.equal(renewed.type === "renew" && renewed.previous.pid, old);
    const again = await system.client.request({ type: "renew", slot: 1, limitMs: 10_000 });
    assert.match(again.type === "not-renewed" ? again.reason : "", /already/);
    await system.client.request({ type: "settle", slot: 1, keep: "old", drainMs: 5_000 });
    assert.equal(await onlyWorker(system), old);
    await system.client.request({ type: "renew", slot: 1, limitMs: 10_000 });
    await system.client.request({ type: "settle", slot: 1, keep: "new", drainMs: 5_000 });
    assert.notEqual(await onlyWorker(system), old);
    await moreAnswers(traffic);
    await traffic.stop();
    assert.deepEqual(traffic.errors, []);
    assert.equal(system.notices.filter((notice) => notice.type === "worker-exited" && notice.planned).length, 2);
  });

  it("a worker that is killed while its successor is there is followed by that one", async (test) => {
    const system = await startKeeperSystem(test);
    await system.serve(["a"]);
    const old = await onlyWorker(system);
    const renewed = await system.client.request({ type: "renew", slot: 1, limitMs: 10_000 });
    assert.ok(renewed.type === "renew");
    kill9(old);
    const after = await system.until("one worker is left", ({ workers }) => workers.length === 1);
    assert.equal(after.workers[0]?.pid, renewed.worker.pid);
    await system.client.request({ type: "settle", slot: 1, keep: "new", drainMs: 0 });
    assert.equal(await onlyWorker(system), renewed.worker.pid);
  });
});

const isGone = (pid: number): boolean => !existsSync(`/proc/${pid}/fd`);

async function sendBytes(path: string, bytes: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(path, () => socket.end(bytes));
    socket.on("error", () => {});
    socket.resume().on("close", () => resolve());
  });
}

/** Says hello like a controller, notes its pid in a file, and ends as it is told. */
function controllerScript(folder: string, body: string): string[] {
  const script = join(folder, "controller.mjs");
  const client = new URL("../../src/keeper/client.js", import.meta.url).href;
  writeFileSync(
    script,
    `import { appendFileSync } from "node:fs";
import { connectKeeper } from ${JSON.stringify(client)};
const note = (text) => appendFileSync(${JSON.stringify(join(folder, "notes"))}, text + "\\n");
const hello = () => connectKeeper({
  socketPath: ${JSON.stringify(join(folder, "keeper.sock"))},
  restart: process.argv,
  onNotice: () => {},
  onConnected: () => note(String(process.pid)),
});
${body}`,
  );
  return [process.execPath, script];
}

describe("the controller of a keeper", () => {
  const notesOf = (system: KeeperSystem): string[] => {
    const file = join(system.runtime, "notes");
    // The file is there a moment before its first line.
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  };

  async function startWith(test: TestContext, body: string): Promise<KeeperSystem> {
    const system = await startKeeperSystem(test);
    // Takes over from the test's own hello, which asked for no restart.
    const [command = "", ...args] = controllerScript(system.runtime, body);
    const log = openSync(join(system.runtime, "logs", "controller.log"), "a");
    spawn(command, args, { detached: true, stdio: ["ignore", log, log] }).unref();
    closeSync(log);
    return system;
  }

  it("is started again when it is killed, by the keeper and by its successor", async (test) => {
    const system = await startWith(test, "await hello();");
    await eventually(() => notesOf(system).length >= 1, { what: "the first hello" });
    system.client.close();
    const first = Number(notesOf(system)[0]);
    const killedAt = performance.now();
    kill9(first);
    await eventually(() => notesOf(system).length >= 2, { what: "the second hello" });
    test.diagnostic(`a new controller said hello after ${Math.round(performance.now() - killedAt)} ms`);
    // Null for a moment: between the dead one's end and the hello of the next.
    const second = await system.until(
      "the keeper knows the new one",
      ({ controllerPid }) => controllerPid !== null && controllerPid !== first,
    );
    await killKeeper(system);
    await eventually(() => notesOf(system).length >= 3, { what: "hello to the successor" });
    assert.equal(Number(notesOf(system)[2]), second.controllerPid, "by the same controller");
    kill9(second.controllerPid ?? 0);
    await eventually(() => notesOf(system).length >= 4, { what: "a hello to the successor by a new one" });
    assert.notEqual(Number(notesOf(system)[3]), second.controllerPid);
    const { workers } = await system.status();
    assert.equal(workers[0]?.state, "serving");
  });

  it("that dies together with the keeper is started again by the successor", async (test) => {
    const system = await startWith(test, "await hello();");
    await eventually(() => notesOf(system).length >= 1, { what: "the first hello" });
    // It would say hello to the successor as a controller that is not to be started again.
    system.client.close();
    const { keeperPid } = await system.status();
    kill9(keeperPid);
    kill9(Number(notesOf(system)[0]));
    const known = new Set(notesOf(system));
    await eventually(() => notesOf(system).some((pid) => !known.has(pid)), { what: "a new controller" });
  });

  it("is not started again at full speed when it keeps dying", async (test) => {
    const system = await startWith(test, "await hello(); setTimeout(() => process.kill(process.pid, 'SIGKILL'));");
    await eventually(() => notesOf(system).length >= 3, { what: "three lives" });
    const lives = notesOf(system).length;
    await moreThanASecondOf(system, lives);
  });

  it("that cannot start at all takes the keeper with it, so that nothing is left", async (test) => {
    const folder = temporaryFolder(test);
    const keeper = startKeeper({
      runtimeFolder: folder,
      logsFolder: join(folder, "logs"),
      workerCount: 1,
      controllerCommand: [process.execPath, "-e", "process.exit(2)"],
    });
    const identity = identityOf(keeper);
    await eventually(() => ended(identity), { what: "the keeper has ended" });
    assert.deepEqual(readdirSync(folder), ["logs"]);
  });
});

/** Between its third and fourth life passes at least most of a second. */
async function moreThanASecondOf(system: KeeperSystem, lives: number): Promise<void> {
  const from = performance.now();
  await eventually(() => readFileSync(join(system.runtime, "notes"), "utf8").trim().split("\n").length > lives, {
    what: "one more life",
  });
  assert.ok(performance.now() - from > 500, "it waited before it tried again");
}

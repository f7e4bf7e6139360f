import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fetchText } from "../../test/support/driver-harness.js";
import { eventually } from "../../test/support/eventually.js";
import { kill9 } from "../../test/support/kill9.js";
import { startTagged, type TaggedProcess } from "../../test/support/tagged-process.js";
import { systemClock } from "../system/clock.js";
import { ProcessTable } from "../system/process-table.js";
import { clearTag } from "./clearing.js";
import { instanceVariable } from "./instance-tag.js";
import { ListenerWatch, OwnListener } from "./listener.js";

const app = `listen${process.pid}`;
/** Closed while this file is there. */
const gate = join(tmpdir(), `tusk-${app}-gate`);

interface Scene {
  readonly listener: OwnListener;
  readonly started: TaggedProcess;
  readonly port: number;
}

/** The program prints its port and serves. */
function listenerTest(name: string, argv: readonly string[], body: (scene: Scene) => Promise<void>): void {
  test(`listener: ${name}`, { timeout: 30_000 }, async () => {
    const tag = `${app}/users-1/${Math.round(performance.now() * 1000)}`;
    const table = new ProcessTable({ variable: instanceVariable, prefix: `${app}/` });
    const started = startTagged(tag, argv);
    const port = Number(await started.line());
    try {
      await body({ listener: new OwnListener(port, table, tag), started, port });
    } finally {
      await clearTag({ tag, table, clock: systemClock, graceMs: 0 });
    }
  });
}

const serve = `const s = require("node:http").createServer((q, r) => r.end(String(process.pid)));
  s.listen(0, "127.0.0.1", () => console.log(s.address().port));`;
const nodeServer = [process.execPath, "-e", serve];

listenerTest("its own", nodeServer, async ({ listener, started }) => {
  const look = listener.look();
  assert.equal(look.state, "ours");
  assert.deepEqual(look.state === "ours" && look.holders.map((holder) => holder.process.pid), [started.pid]);
  assert.equal(listener.elsewhere()?.includes("not on 127.0.0.1"), true);
});

listenerTest("nobody's, and a foreign one that is named", nodeServer, async ({ listener, started }) => {
  assert.equal(listener.look().state, "ours");
  const table = new ProcessTable({ variable: instanceVariable, prefix: `${app}/` });
  const foreign = createServer().listen(0, "127.0.0.1");
  await once(foreign, "listening");
  const { port } = foreign.address() as { port: number };
  const other = new OwnListener(port, table, `${app}/users-1/none`);
  const look = other.look();
  assert.equal(look.state, "foreign");
  assert.match(
    look.state === "foreign" ? look.detail : "",
    new RegExp(`port ${port} is taken by pid ${process.pid} \\(`),
  );
  foreign.close();
  assert.equal(other.look().state, "none");
  assert.equal(started.child.exitCode, null);
});

listenerTest(
  "the child that served is killed, its wrapper lives: lost",
  ["sh", "-c", `"${process.execPath}" -e '${serve}' & while :; do sleep 0.05; done`],
  async ({ listener, port }) => {
    const watch = new ListenerWatch(listener);
    assert.equal(watch.check().state, "held");
    kill9(Number(await fetchText(port)));
    const state = await eventually(() => (watch.check().state === "held" ? null : watch.check()));
    assert.equal(state.state, "lost");
    assert.equal(state.detail, `the process that served port ${port} is gone`);
  },
);

listenerTest(
  "the same program is started again by its wrapper: reloading, then held",
  ["sh", "-c", `while :; do PORT=$PORT "${process.execPath}" -e '${fixedPort()}'; done`],
  async ({ listener, port }) => {
    const watch = new ListenerWatch(listener);
    assert.equal(watch.check().state, "held");
    writeFileSync(gate, "");
    kill9(Number(await fetchText(port)));
    await eventually(() => watch.check().state === "reloading");
    rmSync(gate);
    await eventually(() => watch.check().state === "held");
  },
);

listenerTest(
  "a reloader keeps the socket of a child that is killed: lost",
  // As uvicorn --reload does it: the parent binds and waits, the child accepts.
  [
    "python3",
    "-c",
    `import os, socket, time
s = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    print(s.getsockname()[1], flush=True)
    while True:
        c, _ = s.accept()
        c.recv(1024)
        c.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n%d" % os.getpid())
        c.close()
while True:
    time.sleep(1)`,
  ],
  async ({ listener, started, port }) => {
    const watch = new ListenerWatch(listener);
    assert.equal(watch.check().state, "held");
    const child = Number(await fetchText(port));
    assert.notEqual(child, started.pid);
    kill9(child);
    await eventually(() => watch.check().state === "lost");
  },
);

listenerTest(
  "a server that closes its socket for a while: reloading, then held",
  [
    process.execPath,
    "-e",
    `const s = require("node:net").createServer();
     s.listen(0, "127.0.0.1", () => { const { port } = s.address();
       process.on("SIGUSR2", () => s.listening ? s.close() : s.listen(port, "127.0.0.1"));
       console.log(port); });
     setInterval(() => {}, 1000);`,
  ],
  async ({ listener, started }) => {
    const watch = new ListenerWatch(listener);
    started.child.kill("SIGUSR2");
    await eventually(() => watch.check().state === "reloading");
    started.child.kill("SIGUSR2");
    await eventually(() => watch.check().state === "held");
  },
);

/** Listens on the same port in every life, and not while the gate is closed. */
function fixedPort(): string {
  const port = 18_000 + (process.pid % 1000);
  return `const s = require("node:http").createServer((q, r) => r.end(String(process.pid)));
    const open = () => require("node:fs").existsSync("${gate}") ? setTimeout(open, 5)
      : s.listen(${port}, "127.0.0.1", () => console.log(${port}));
    open();`;
}

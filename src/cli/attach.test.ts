// `tusk up` attached, as a process of its own, to an app that this process serves.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type ServedApp, serveApp } from "../../test/doubles/served-app.js";

const program = fileURLToPath(new URL("./main.js", import.meta.url));
const spec = `name: shop
services:
  - { name: users, run: node server.js }
  - { name: orders, run: node server.js }
`;

class Attached {
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  output = "";
  #seen: () => void = () => {};

  constructor(t: TestContext, { folder }: ServedApp) {
    const { NO_COLOR: _, ...env } = process.env;
    this.child = spawn(process.execPath, [program, "-C", folder.root, "up"], { env });
    this.#ended = once(this.child, "close");
    t.after(() => this.child.kill("SIGKILL"));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#seen();
      });
    }
  }

  /** Resolves when the output holds it; the runner's time limit bounds the wait. */
  async sees(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null) assert.fail(`ended without "${text}":\n${this.output}`);
      await new Promise<void>((resolve) => {
        this.#seen = resolve;
        this.child.once("close", () => resolve());
      });
    }
  }

  async exitCode(): Promise<unknown> {
    return (await this.#ended)[0];
  }
}

const event = (message: string) => ({ kind: "test.noted", level: "info", service: "users", message }) as const;

/** As a real controller does: the record goes with it. */
function recordGoesAtShutdown({ control, folder }: ServedApp): void {
  control.shutdown = async () => {
    control.calls.push("shutdown");
    rmSync(folder.files.controller);
  };
}

async function watching(attached: Attached, { control }: ServedApp): Promise<void> {
  await attached.sees("Ctrl-C stops everything");
  while (control.watchers === 0) await new Promise((resolve) => setImmediate(resolve));
}

test("shows events and new log lines; Ctrl-C drains, stops, ends with 130", { timeout: 30_000 }, async (t) => {
  const app = await serveApp(t, spec);
  recordGoesAtShutdown(app);
  const log = join(app.folder.logs, "users-1.log");
  writeFileSync(log, "from an earlier run\n");
  const attached = new Attached(t, app);
  await watching(attached, app);
  app.control.emit(event("something happened"));
  appendFileSync(log, "a new line\n");
  await attached.sees("something happened");
  await attached.sees("users-1 | a new line");
  assert.ok(!attached.output.includes("from an earlier run"));
  attached.child.kill("SIGINT");
  assert.equal(await attached.exitCode(), 130);
  assert.match(attached.output, /stopping[\s\S]*stopped\n$/);
  assert.ok(app.control.calls.includes("shutdown"));
});

test("a second Ctrl-C leaves at once and says so", { timeout: 30_000 }, async (t) => {
  const app = await serveApp(t, spec);
  const attached = new Attached(t, app);
  await watching(attached, app);
  attached.child.kill("SIGINT");
  await attached.sees("Ctrl-C again");
  attached.child.kill("SIGINT");
  assert.equal(await attached.exitCode(), 130);
  assert.match(attached.output, /it goes on stopping/);
});

test("ends with 0 when the app is stopped from elsewhere", { timeout: 30_000 }, async (t) => {
  const app = await serveApp(t, spec);
  const attached = new Attached(t, app);
  await watching(attached, app);
  rmSync(app.folder.files.controller);
  await app.server.close();
  assert.equal(await attached.exitCode(), 0, attached.output);
});

test("goes on across a restart of the controller, each event once", { timeout: 30_000 }, async (t) => {
  const app = await serveApp(t, spec);
  const attached = new Attached(t, app);
  await watching(attached, app);
  app.control.emit(event("before"));
  await attached.sees("before");
  await app.restartServer();
  app.control.emit(event("meanwhile"));
  await attached.sees("meanwhile");
  assert.equal(attached.output.split("before").length, 2);
  attached.child.kill("SIGKILL");
});

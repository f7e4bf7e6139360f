// A program that runs the platform inside itself and is told to end: Ctrl-C stops what it started, unless the program has
// plans of its own or wants it to run on.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createApp, type TestApp } from "../support/app.js";
import { markName } from "../support/app-processes.js";
import { eventually } from "../support/eventually.js";

const library = (name: string): string => fileURLToPath(new URL(`../../src/${name}.js`, import.meta.url));

interface Program {
  readonly app: TestApp;
  readonly child: ChildProcess;
  readonly printed: () => string;
}

/** Prints `up` when its service runs. `before` and `after` are code around the start. */
async function startProgram(t: TestContext, options: string, after = "", before = ""): Promise<Program> {
  const app = await createApp(t, { spec: (port) => `name: host\nservices: []\ngateway: { port: ${port} }\n` });
  app.write(
    "program.mjs",
    `import { TuskMicroservices } from ${JSON.stringify(library("index"))};
import { MicroservicesServiceManager } from ${JSON.stringify(library("microservices"))};
${before}
const platform = await TuskMicroservices.start({ ${options} });
const manager = new MicroservicesServiceManager({ platform });
const made = await manager.createMicroservice({ name: "users", path: "users", run: "node server.js" });
if (!made.success) throw new Error(JSON.stringify(made));
setInterval(() => {}, 1000);
${after}
console.log("up");
`,
  );
  const child = spawn(process.execPath, ["program.mjs"], {
    cwd: app.folder,
    env: { ...process.env, [markName]: app.mark },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  await eventually(() => text.includes("up\n") || child.exitCode !== null, { timeoutMs: 30_000, what: "it is up" });
  assert.equal(child.exitCode, null, text);
  return { app, child, printed: () => text };
}

async function ended({ child }: Program, signal: NodeJS.Signals): Promise<readonly unknown[]> {
  const exit = once(child, "exit");
  child.kill(signal);
  return exit;
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`${signal}: the platform is closed, and the program ends with ${code}`, async (t) => {
    const program = await startProgram(t, "");
    assert.deepEqual(await ended(program, signal), [code, null]);
    await program.app.assertNothingLeft();
    assert.match(program.printed(), /stopping what Tusk runs/);
  });
}

test("a program's own handler decides alone, also one that was set before the start", async (t) => {
  const after = 'process.on("SIGTERM", () => console.log("not yet"));';
  const before = 'process.once("SIGINT", () => platform.close({ detach: true }).then(() => process.exit(7)));';
  const program = await startProgram(t, "", after, before);
  program.child.kill("SIGTERM");
  await eventually(() => program.printed().includes("not yet"));
  assert.deepEqual(await ended(program, "SIGINT"), [7, null]);
  assert.ok(program.app.found().length >= 3, "it let go, and everything runs on");
  await program.app.down();
  await program.app.assertNothingLeft();
});

test("detachOnExit: the services run on, and down finds them", async (t) => {
  const program = await startProgram(t, "detachOnExit: true");
  assert.deepEqual(await ended(program, "SIGINT"), [130, null]);
  assert.ok(program.app.found().some(({ command }) => command.includes("server.js")));
  await program.app.down();
  await program.app.assertNothingLeft();
});

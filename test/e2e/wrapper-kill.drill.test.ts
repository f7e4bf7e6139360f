// Drill: programs behind wrappers (a shell, npm, a parent that ignores its child, a child in a session of its own) have
// their real server killed with -9. Each recovers, and `tusk down` leaves none of their processes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ensurePythonEnvironment } from "../../src/services/python-environment.js";
import { portHolders } from "../../src/system/proc.js";
import { createApp, type TestApp } from "../support/app.js";
import { eventually } from "../support/eventually.js";
import { kill9 } from "../support/kill9.js";

// Stays up whatever becomes of its child, and passes no signal on: the worst wrapper that people really write.
const careless = `
const { spawn } = require("node:child_process");
spawn(process.execPath, ["server.js"], { stdio: "inherit", detached: process.argv[2] === "detached" });
setInterval(() => {}, 60_000);
`;

const uvicornApp = `
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
`;

// The process itself stays alive when its server dies: only a liveness probe can tell.
const liveness = "health: { liveness: { tcp: true, period: 300ms, failureThreshold: 2 } }";

const wrappers: Readonly<Record<string, string>> = {
  shell: "node server.js; true",
  npm: "npm start",
  careless: "[node, careless.js]",
  detached: "[node, careless.js, detached]",
};

function spec(gatewayPort: number): string {
  const entry = ([name, run]: readonly [string, string]): string =>
    `  - { name: ${name}, path: ./users, run: ${run.startsWith("[") ? run : JSON.stringify(run)}, route: /${name}, ${liveness} }`;
  return `name: wrapped\nservices:\n${Object.entries(wrappers).map(entry).join("\n")}\ngateway: { port: ${gatewayPort} }\n`;
}

function serverOf(port: number | null): number {
  const [holder] = portHolders(port ?? 0);
  assert.ok(holder, `nobody listens on ${port}`);
  return holder.pid;
}

/** Kills the process that listens, waits until another one does and answers through the gateway. */
async function killServer(app: TestApp, service: string): Promise<void> {
  const [instance] = await app.instances(service);
  assert.ok(instance);
  const killed = serverOf(instance.port);
  kill9(killed);
  await eventually(
    async () => {
      const [now] = await app.instances(service);
      const holder = portHolders(now?.port ?? 0)[0];
      return now?.health === "passing" && holder !== undefined && holder.pid !== killed;
    },
    { what: `${service} has recovered`, timeoutMs: 30_000, everyMs: 100 },
  );
  const look = async () => (await app.get(`/${service}`)).status === 200;
  await eventually(look, { what: `${service} answers`, timeoutMs: 10_000, everyMs: 50, retryErrors: true });
}

test("servers behind wrappers killed: each recovers, none is leaked", async (t) => {
  const app = await createApp(t, { spec, files: { "users/careless.js": careless } });
  await app.up();
  for (const service of Object.keys(wrappers)) {
    await t.test(`${service}: ${wrappers[service]}`, () => killServer(app, service));
  }
  await app.ps();
  await app.down();
  await app.assertNothingLeft();
});

test("the wrapper itself killed: its orphaned server is not left behind", async (t) => {
  const app = await createApp(t, { spec, files: { "users/careless.js": careless } });
  await app.up();
  const [instance] = await app.instances("detached");
  assert.ok(instance?.pid);
  const orphan = serverOf(instance.port);
  assert.notEqual(orphan, instance.pid);
  kill9(instance.pid);
  const look = async () =>
    (await app.instances("detached")).find(({ pid, health }) => pid !== instance.pid && health === "passing");
  const next = await eventually(look, { what: "the instance is restarted", timeoutMs: 30_000, everyMs: 100 });
  assert.notEqual(serverOf(next.port), orphan);
  await app.ps();
  await app.down();
  await app.assertNothingLeft();
});

test("uvicorn --reload: its server killed", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tusk-uvicorn-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "requirements.txt"), "click==8.5.1\nh11==0.16.0\nuvicorn==0.54.0\n");
  const { python } = await ensurePythonEnvironment(join(folder, "requirements.txt"));
  const run = `${python} -m uvicorn asgi:app --reload --host $HOST --port $PORT`;
  const app = await createApp(t, {
    spec: (port) =>
      `name: reload\nservices:\n  - { name: web, path: ./users, run: ${JSON.stringify(run)}, route: /web, ${liveness} }\ngateway: { port: ${port} }\n`,
    files: { "users/asgi.py": uvicornApp },
  });
  await app.up();
  await killServer(app, "web");
  await app.down();
  await app.assertNothingLeft();
});

// The three services of the demo in a temporary folder, for the benchmarks that need real programs: created by the built
// command line, which also makes their environments (from the cache when they were made before; else from the network).
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { appConfig } from "../dist/examples/complete-microservices-system.js";

export const cli = fileURLToPath(new URL("../dist/src/cli/main.js", import.meta.url));
// Callees first: a client is made for what is known.
const services = [...appConfig.services].sort((one, other) => (one.calls?.length ?? 0) - (other.calls?.length ?? 0));
export const names = services.map(({ name }) => name);

/** `--name value` of this process' arguments. */
export function option(name, byDefault) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? byDefault : process.argv[at + 1];
}

export async function makeApp() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "tusk-benchmark-")));
  writeFileSync(join(root, "tusk.yaml"), `name: benchmark\nservices: []\ngateway: { port: ${await freePort()} }\n`);
  for (const { name, dependencies, calls = [] } of services) {
    const called = calls.length > 0 ? ["--calls", calls.join(",")] : [];
    tusk(root, "create", name, ...dependencies.flatMap((dependency) => ["--dep", dependency]), ...called, "--add");
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export const folderOf = (name) => `services/${name}`;

/** What `run` of the service says, for a shell. */
export const command = "exec .venv/bin/python -m app";

/** Throws with what it printed when it fails. */
export function tusk(root, ...args) {
  const done = spawnSync(process.execPath, [cli, ...args], { cwd: root, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`tusk ${args.join(" ")} ended with ${done.status}: ${done.stderr}`);
  return done.stdout;
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

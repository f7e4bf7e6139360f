// Three FastAPI services in a temporary folder, for the benchmarks that need real programs to start: the Python that
// runs them, the spec, and the command line of the built product.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const cli = fileURLToPath(new URL("../dist/src/cli/main.js", import.meta.url));
export const names = ["user-service", "order-service", "payment-service"];

const program = `from fastapi import FastAPI
import sqlalchemy

app = FastAPI()


@app.get("/healthz")
def healthz():
    return {"ok": True}
`;

/** `--name value` of this process' arguments. */
export function option(name, byDefault) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? byDefault : process.argv[at + 1];
}

/** `python`: one with fastapi, uvicorn and sqlalchemy; without it a virtual environment is made, which needs the network. */
export async function makeApp(python) {
  const root = mkdtempSync(join(tmpdir(), "tusk-benchmark-"));
  const interpreter = python ?? makeEnvironment(root);
  const command = (port) => `exec ${interpreter} -m uvicorn main:app --port ${port} --log-level warning`;
  for (const name of names) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "main.py"), program);
  }
  const services = Object.fromEntries(
    names.map((name) => [name, { path: name, run: command("$PORT"), health: "/healthz", route: `/${name}` }]),
  );
  const gateway = { port: await freePort() };
  writeFileSync(join(root, "tusk.yaml"), JSON.stringify({ name: "benchmark", services: toList(services), gateway }));
  return { root, command, remove: () => rmSync(root, { recursive: true, force: true }) };
}

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

const toList = (services) => Object.entries(services).map(([name, service]) => ({ name, ...service }));

function makeEnvironment(root) {
  const folder = join(root, "environment");
  run("python3", "-m", "venv", folder);
  run(join(folder, "bin/pip"), "install", "--quiet", "fastapi", "uvicorn", "sqlalchemy");
  return join(folder, "bin/python");
}

function run(command, ...args) {
  const done = spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (done.status !== 0) throw new Error(`failed: ${[command, ...args].join(" ")}`);
}

// A temporary folder and the processes that run in it; both end with `close`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export function makeWorkspace() {
  const folder = mkdtempSync(join(tmpdir(), "tusk-bench-"));
  // For nginx, whose worker is another user when we are root.
  chmodSync(folder, 0o755);
  const children = new Set();
  return {
    folder,
    /** A process that ends with the workspace. */
    keep(child) {
      children.add(child);
      child.once("exit", () => children.delete(child));
      return child;
    },
    start(command, args, environment = {}) {
      const env = { ...process.env, ...environment };
      return this.keep(spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], env }));
    },
    async close() {
      const ended = [...children].map((child) => once(child, "exit"));
      for (const child of children) child.kill("SIGTERM");
      // A proxy that waits for its connections to end has none worth waiting for.
      const timer = setTimeout(() => {
        for (const child of children) child.kill("SIGKILL");
      }, 2_000);
      await Promise.all(ended);
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startProgram(workspace, command, args, port, environment) {
  const child = workspace.start(command, args, environment);
  await untilListening(port);
  return { port, pid: child.pid };
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function untilListening(port) {
  for (let tries = 0; tries < 400; tries++) {
    const isUp = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isUp) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** `--name value` of this process' arguments. */
export function option(name, byDefault) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? byDefault : process.argv[at + 1];
}

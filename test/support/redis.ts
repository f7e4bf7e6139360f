// A real Redis of a test's own, in memory, on loopback. It can be killed and started again on the same port.
import { once } from "node:events";
import { connect } from "node:net";
import type { TestContext } from "node:test";
import { freePort } from "./free-port.js";
import { type ServerProcess, startServerProcess } from "./server-process.js";
import { temporaryFolder } from "./temporary-folder.js";
import { findProgram, type Tool } from "./test-tools.js";

export interface Redis {
  readonly url: string;
  /** The raw answer to an inline command. */
  ask(command: string): Promise<string>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export function findRedis(): Tool {
  const path = findProgram("redis-server");
  return path === null ? { missing: "no redis-server on PATH: install the package redis-server" } : { path };
}

export async function startRedis(t: TestContext, program: string): Promise<Redis> {
  const port = await freePort();
  let running: ServerProcess | undefined;
  const kill = async (): Promise<void> => running?.kill();
  t.after(kill);
  const cwd = temporaryFolder(t);
  const argv = [program, "--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const start = async (): Promise<void> => {
    running = await startServerProcess(argv, { cwd, port });
  };
  await start();
  return { url: `redis://127.0.0.1:${port}/0`, ask: (command) => ask(port, command), kill, start };
}

async function ask(port: number, command: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.end(`${command}\r\nQUIT\r\n`);
  await once(socket, "close");
  return text.replace(/\+OK\r\n$/, "");
}

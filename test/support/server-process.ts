// A server of a test's own: a real program on loopback, ready when its port answers, ended with the test. Its output is
// kept for the message of a start that fails.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { eventually } from "./eventually.js";

export interface ServerProcessOptions {
  readonly cwd: string;
  readonly port: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Default 30000. */
  readonly timeoutMs?: number;
}

export interface ServerProcess {
  readonly pid: number;
  /** Ends it at once, as a crash would. A second call does nothing. */
  kill(): Promise<void>;
}

export async function startServerProcess(
  argv: readonly string[],
  options: ServerProcessOptions,
): Promise<ServerProcess> {
  const [program = "", ...args] = argv;
  const env = options.env ?? process.env;
  const child = spawn(program, args, { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const output = keepOutput(child);
  const answers = async (): Promise<boolean> => {
    if (hasEnded(child)) throw new Error(`${program} ended: ${output().slice(-2000)}`);
    return isListening(options.port);
  };
  const what = `${program} listens on ${options.port}`;
  try {
    await eventually(answers, { what, timeoutMs: options.timeoutMs ?? 30_000, everyMs: 50 });
  } catch (error) {
    await kill(child);
    throw error;
  }
  return { pid: child.pid ?? 0, kill: () => kill(child) };
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function kill(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

function keepOutput(child: ChildProcess): () => string {
  let text = "";
  const keep = (chunk: Buffer | string): void => {
    text = (text + chunk).slice(-20_000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  child.on("error", (error) => keep(error.message));
  return () => text;
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}

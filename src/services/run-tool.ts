// Runs one tool (python, pip, uv) to its end, line by line. In a process group of its own, so that ending it ends what
// it started too; never through a shell.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { TuskError } from "../base/errors.js";

export interface ToolOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Every line of either output as it comes, without credentials of URLs. */
  readonly onLine?: (line: string) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  /** The last lines of both outputs together. */
  readonly tail: readonly string[];
}

const keptLines = 40;
const keptCharacters = 1_000_000;

/** Resolves whatever the exit code is. Throws ENVIRONMENT_FAILED when it cannot be started, INTERRUPTED when aborted. */
export async function runTool(argv: readonly string[], options: ToolOptions): Promise<ToolResult> {
  const [program = "", ...args] = argv;
  if (options.signal?.aborted) throw interrupted(program);
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...options.env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = (): void => endGroup(child.pid);
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    const result = await collect(child, program, options);
    if (options.signal?.aborted) throw interrupted(program);
    return result;
  } finally {
    options.signal?.removeEventListener("abort", stop);
  }
}

function collect(
  child: ChildProcessByStdio<null, Readable, Readable>,
  program: string,
  options: ToolOptions,
): Promise<ToolResult> {
  const tail: string[] = [];
  let stdout = "";
  const take = (line: string): void => {
    const shown = withoutCredentials(line.trimEnd());
    if (shown === "") return;
    tail.push(shown);
    if (tail.length > keptLines) tail.shift();
    options.onLine?.(shown);
  };
  const closers = [child.stdout, child.stderr].map((stream) => byLine(stream, take));
  child.stdout.on("data", (text: string) => {
    if (stdout.length < keptCharacters) stdout += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", (cause) =>
      reject(new TuskError("ENVIRONMENT_FAILED", `${program} could not be started: ${cause.message}`, { cause })),
    );
    child.on("close", (code) => {
      for (const close of closers) close();
      resolve({ code: code ?? 1, stdout, tail });
    });
  });
}

/** Returns what passes on the last line when it did not end with a newline. */
function byLine(stream: Readable, take: (line: string) => void): () => void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split(/\r?\n|\r/);
    rest = (lines.pop() ?? "").slice(-keptCharacters);
    for (const line of lines) take(line);
  });
  return () => take(rest);
}

/** `https://user:password@host` is shown as `https://***@host`: indexes are often given with a token. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, "//***@");
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

const interrupted = (program: string): TuskError =>
  new TuskError("INTERRUPTED", `${program} was ended before it was done`);

// Runs a command to its end and keeps what it printed. Bounded in time: a command that hangs is ended and reported.
import { spawn } from "node:child_process";

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Default 90000. */
  readonly timeoutMs?: number;
  /** From the command's end to the end of its output. Default 3000. */
  readonly lingerMs?: number;
}

/**
 * Rejects when the command does not end in time, and also when it ends but something that it started keeps its output
 * open: whoever pipes the output of `tusk up -d` would wait for ever.
 */
export function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(`${argv.join(" ")}: ${what}\n${output.stdout}${output.stderr}`));
    };
    const timeoutMs = options.timeoutMs ?? 90_000;
    let timer = setTimeout(() => fail(`not ended within ${timeoutMs} ms`), timeoutMs);
    child.on("error", reject);
    child.on("exit", () => {
      clearTimeout(timer);
      timer = setTimeout(
        () => fail("ended, but something that it started keeps its output open"),
        options.lingerMs ?? 3000,
      );
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, ...output });
    });
  });
}

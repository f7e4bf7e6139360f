// Starts one command in its own session and process group, its output appended to a file: not a pipe, so that it
// outlives the controller. Knows nothing of slots or probes. On the path from plan to process: imports nothing heavy.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { messageOf } from "../base/errors.js";
import type { CommandPlan } from "../plan/process-plan.js";

export interface CommandStart {
  readonly command: CommandPlan;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Opened for appending. */
  readonly logFile: string;
}

export interface StartFailure {
  readonly reason: string;
  /** The machine was short of something: worth another try. */
  readonly transient: boolean;
}

const transientCodes = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "ENOSPC", "ETXTBSY"]);

export function toArgv(command: CommandPlan): readonly [file: string, ...args: string[]] {
  if (command.kind === "shell") return ["/bin/sh", "-c", command.command];
  const [file = "", ...args] = command.argv;
  return [file, ...args];
}

/** The child, which has a pid; or else `onFailure` is called, later. */
export function spawnCommand(start: CommandStart, onFailure: (failure: StartFailure) => void): ChildProcess | null {
  let log: number | undefined;
  try {
    log = openSync(start.logFile, "a", 0o640);
    const [file, ...args] = toArgv(start.command);
    const stdio = ["ignore", log, log] as const;
    const child = spawn(file, args, { cwd: start.cwd, env: start.env, detached: true, stdio: [...stdio] });
    child.on("error", (error) => {
      // After a start, an error can only be about a signal, and none is sent through this object.
      if (child.pid === undefined) onFailure(toFailure(error, start));
    });
    if (child.pid === undefined) return null;
    child.unref();
    return child;
  } catch (error) {
    queueMicrotask(() => onFailure(toFailure(error, start)));
    return null;
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

function toFailure(error: unknown, start: CommandStart): StartFailure {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const [file] = toArgv(start.command);
  if (code === "ENOENT" && !existsSync(start.cwd)) {
    return { reason: `its folder ${start.cwd} does not exist`, transient: false };
  }
  if (code === "ENOENT") return { reason: `there is no program "${file}" (looked for it in PATH)`, transient: false };
  if (code === "EACCES") return { reason: `"${file}" may not be executed`, transient: false };
  return { reason: messageOf(error), transient: transientCodes.has(code) };
}

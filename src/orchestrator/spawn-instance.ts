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
  if (command.kind === "shell")
    return ["/bin/sh", "-c", isPlain(command.command) ? `exec ${command.command}` : command.command];
  const [file = "", ...args] = command.argv;
  return [file, ...args];
}

/** Words that name a program and its arguments, and nothing that needs the shell to stay: the program then takes the
 *  shell's place, so that its pid is the instance's and no wrapper stands between it and a signal. */
function isPlain(command: string): boolean {
  const [first = ""] = command.trim().split(/\s/);
  return /^[\w@%+:,./ ={}$"'-]+$/.test(command) && /^[\w./-]+$/.test(first) && !shellWords.has(first);
}

/** Built-ins and keywords that `exec` would look for as programs. */
const shellWords: ReadonlySet<string> = new Set(
  ". : alias bg break case cd command continue do done echo elif else esac eval exec exit export false fg fi for getopts hash if in jobs kill local printf pwd read readonly return set shift test then time times trap true type ulimit umask unalias unset until wait while".split(
    " ",
  ),
);

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
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  if (syscall === "open") return { reason: `its log cannot be opened: ${messageOf(error)}`, transient: true };
  const [file] = toArgv(start.command);
  if (code === "ENOENT" && !existsSync(start.cwd)) {
    return { reason: `its folder ${start.cwd} does not exist`, transient: false };
  }
  if (code === "ENOENT") return { reason: `there is no program "${file}" (looked for it in PATH)`, transient: false };
  if (code === "EACCES") return { reason: `"${file}" may not be executed`, transient: false };
  return { reason: messageOf(error), transient: transientCodes.has(code) };
}

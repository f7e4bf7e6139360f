// Processes as Linux shows them under /proc: identity, environment, family, and who listens on which port.
// A process is known by pid + start time + boot id, never by its pid alone, because pids are reused.
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs";

/** The signals that are sent here; a type of our own, so that the package's types need no others. */
export type SignalName = "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP" | "SIGSTOP" | "SIGCONT" | "SIGUSR1" | "SIGUSR2";

export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
}

export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** User + system, clock ticks. */
  readonly cpuTicks: number;
  /** User + system of children that ended and were waited for, clock ticks. */
  readonly childCpuTicks: number;
  readonly startTicks: number;
  readonly residentPages: number;
}

let cachedBootId: string | undefined;

export function bootId(): string {
  cachedBootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return cachedBootId;
}

// Reused, because readFileSync allocates 64 KiB for each file whose size it cannot know, as all are here: at some dozen
// reads a second the collection of these alone took half the platform's idle budget.
const readBuffer = Buffer.allocUnsafe(65_536);

/** Null when the process ended between two looks, or belongs to another user: there is nothing to read either way. */
export function readProcFile(path: string): string | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    let text = "";
    for (;;) {
      const length = readSync(descriptor, readBuffer, 0, readBuffer.length, null);
      if (length === 0) return text;
      text += readBuffer.toString("latin1", 0, length);
    }
  } catch {
    return null;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Null when there is no such process. */
export function readStat(pid: number): ProcessStat | null {
  const text = readProcFile(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The command name is in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (index: number): number => Number(fields[index] ?? 0);
  return {
    pid,
    state: fields[0] ?? "?",
    parentPid: number(1),
    groupId: number(2),
    sessionId: number(3),
    cpuTicks: number(11) + number(12),
    childCpuTicks: number(13) + number(14),
    startTicks: number(19),
    residentPages: number(21),
  };
}

/** Null when there is no such process or it is a zombie. */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readStat(pid);
  if (stat === null || stat.state === "Z" || stat.state === "X") return null;
  return { pid, startTicks: stat.startTicks, bootId: bootId() };
}

/** The very same process still runs. A zombie counts as dead. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false;
  return identify(identity.pid)?.startTicks === identity.startTicks;
}

export function listPids(): number[] {
  const pids: number[] = [];
  for (const name of readdirSync("/proc")) {
    const first = name.charCodeAt(0);
    if (first >= 48 && first <= 57) pids.push(Number(name));
  }
  return pids;
}

/** The value of one variable in a process' initial environment; null when unset or unreadable. */
export function readEnvironmentVariable(pid: number, name: string): string | null {
  const text = readProcFile(`/proc/${pid}/environ`);
  if (text === null) return null;
  const prefix = `${name}=`;
  for (const entry of text.split("\0")) if (entry.startsWith(prefix)) return entry.slice(prefix.length);
  return null;
}

/** Sends a signal to exactly this process; false when it is gone (or is another one by now). */
export function signalProcess(identity: ProcessIdentity, signal: SignalName): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Socket inodes listening on a TCP port, IPv4 and IPv6. */
export function listeningInodes(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = readProcFile(table);
    if (text === null) continue;
    for (const line of text.split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      // Field 1 is address:port, field 3 the state, 0A is LISTEN.
      if (fields[3] === "0A" && fields[1]?.endsWith(`:${wanted}`) && fields[9]) inodes.add(fields[9]);
    }
  }
  return inodes;
}

/** Whether a process holds one of these socket inodes open. */
export function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  if (inodes.size === 0) return false;
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return false;
  }
  for (const name of names) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${name}`);
      if (target.startsWith("socket:[") && inodes.has(target.slice(8, -1))) return true;
    } catch {
      // A descriptor closed between two looks.
    }
  }
  return false;
}

/** The processes that listen on a TCP port, among all that we may look at. */
export function portHolders(port: number): { readonly pid: number; readonly command: string }[] {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return [];
  return listPids()
    .filter((pid) => holdsSocket(pid, inodes))
    .map((pid) => ({ pid, command: commandLine(pid) }));
}

/** The command line with spaces between the arguments; empty for a kernel thread or a process that is gone. */
export function commandLine(pid: number): string {
  return (readProcFile(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
}

/** User id that a process runs as; null when it is gone. */
export function processOwner(pid: number): number | null {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null;
}

/** Path of the program that a process runs; null when it is gone or may not be looked at. */
export function executable(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    // Gone, a kernel thread, or another user's.
    return null;
  }
}

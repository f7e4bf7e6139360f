// What programs on this machine may use: its cores and memory, less where a control group allows less, as in a container.
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import { readProcFile } from "./proc.js";

export interface Machine {
  /** Cores that may be kept busy; a quota may leave half a one. */
  readonly cores: number;
  readonly memoryBytes: number;
}

export interface MachineSources {
  readonly processors: number;
  readonly memoryBytes: number;
  /** Null: no such file, or it may not be read. */
  readonly read: (path: string) => string | null;
}

const groupsRoot = "/sys/fs/cgroup";

export function readMachine(sources: Partial<MachineSources> = {}): Machine {
  const { processors = availableParallelism(), memoryBytes = totalmem(), read = readProcFile } = sources;
  const groups = groupsOf(read("/proc/self/cgroup") ?? "");
  const quotas = groups.map((group) => quotaOf(group, read));
  const limits = groups.map(({ folder }) =>
    numberOf(read(join(folder, "memory.max")) ?? read(join(folder, "memory.limit_in_bytes"))),
  );
  return { cores: least([processors, ...quotas]), memoryBytes: least([memoryBytes, ...limits]) };
}

/** Milliseconds that all processors together have been idle since the machine started; steps of a clock tick (10 ms). */
export function processorIdleMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.idle, 0);
}

interface Group {
  readonly folder: string;
}

/** Every control group that this process is in, with those above: each may limit. Both versions; in a container, the root. */
function groupsOf(text: string): Group[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const [, controllers = "", path = "/"] = line.split(":");
      const root = controllers === "" ? groupsRoot : join(groupsRoot, controllers);
      return pathsUpFrom(path).map((part) => ({ folder: join(root, part) }));
    });
}

function pathsUpFrom(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, above) => parts.slice(0, parts.length - above).join("/"));
}

function quotaOf({ folder }: Group, read: MachineSources["read"]): number | null {
  const [quota = "", period = ""] = (read(join(folder, "cpu.max")) ?? "").trim().split(" ");
  const allowed = numberOf(quota) ?? numberOf(read(join(folder, "cpu.cfs_quota_us")));
  const per = numberOf(period) ?? numberOf(read(join(folder, "cpu.cfs_period_us")));
  return allowed === null || per === null ? null : allowed / per;
}

/** Null for `max`, -1 and what is not there: no limit. */
function numberOf(text: string | null): number | null {
  const value = Number(text?.trim() || Number.NaN);
  return value > 0 ? value : null;
}

const least = (values: readonly (number | null)[]): number => Math.min(...values.filter((value) => value !== null));

// All processes that carry one environment variable (TUSK_INSTANCE), and those that they started: found under /proc,
// so that children that left the process group, and children of a wrapper that was killed, are found too.
// A refresh reads only what may have changed, because it runs every second; an exact one, before a kill, reads everything.
import { identify, listPids, type ProcessStat, readEnvironmentVariable, readStat } from "./proc.js";

interface Entry {
  stat: ProcessStat;
  /** The variable in its own environment; null: unset, overwritten or unreadable. */
  own: string | null;
  /** What it belongs to, by its own environment, its parent or its group; undefined until looked for. Kept for its life. */
  tag: string | null | undefined;
}

export interface ProcessTableOptions {
  readonly variable: string;
  /** Only values that begin so are of interest; a process with another value is never a member. */
  readonly prefix: string;
}

/** Every so many refreshes known strangers are looked at again, because pids are reused. */
const recheckEvery = 32;

export class ProcessTable {
  readonly #options: ProcessTableOptions;
  readonly #entries = new Map<number, Entry>();
  readonly #untouchable: ReadonlySet<number>;
  #refreshes = 0;

  constructor(options: ProcessTableOptions) {
    this.#options = options;
    this.#untouchable = selfAndAncestors();
  }

  refresh({ exact = false }: { readonly exact?: boolean } = {}): void {
    const recheck = exact || ++this.#refreshes % recheckEvery === 0;
    const present = new Set(listPids());
    for (const pid of this.#entries.keys()) if (!present.has(pid)) this.#entries.delete(pid);
    for (const pid of present) this.#look(pid, exact, recheck);
    for (const entry of this.#entries.values()) entry.tag ??= this.#belongsTo(entry, 0);
    this.#adoptGroups();
  }

  /** Living processes of one instance. As of the last refresh. */
  members(tag: string): readonly ProcessStat[] {
    const found: ProcessStat[] = [];
    for (const entry of this.#entries.values()) if (entry.tag === tag && isLiving(entry.stat)) found.push(entry.stat);
    return found;
  }

  /** Living processes by the value that they belong to. */
  groups(): ReadonlyMap<string, readonly ProcessStat[]> {
    const groups = new Map<string, ProcessStat[]>();
    for (const { tag, stat } of this.#entries.values()) {
      if (typeof tag !== "string" || !isLiving(stat)) continue;
      const group = groups.get(tag);
      if (group) group.push(stat);
      else groups.set(tag, [stat]);
    }
    return groups;
  }

  #look(pid: number, exact: boolean, recheck: boolean): void {
    const known = this.#entries.get(pid);
    if (known && known.tag === null && !recheck) return;
    const stat = readStat(pid);
    if (stat === null) {
      this.#entries.delete(pid);
      return;
    }
    if (known?.stat.startTicks !== stat.startTicks) {
      this.#entries.set(pid, { stat, own: this.#readOwn(stat), tag: undefined });
      return;
    }
    known.stat = stat;
    if (exact) this.#reread(known);
  }

  /** An exec may have changed the environment; a program that overwrote its own keeps what it was known by. */
  #reread(entry: Entry): void {
    const own = this.#readOwn(entry.stat);
    if (own === null || own === entry.own) return;
    entry.own = own;
    entry.tag = undefined;
  }

  #readOwn(stat: ProcessStat): string | null {
    // Kernel threads are children of pid 2 and have no environment.
    if (stat.parentPid === 2 || stat.pid === 2) return null;
    return readEnvironmentVariable(stat.pid, this.#options.variable);
  }

  #belongsTo(entry: Entry, depth: number): string | null {
    if (entry.tag !== undefined) return entry.tag;
    if (this.#untouchable.has(entry.stat.pid) || depth > 100) return null;
    if (entry.own !== null) return entry.own.startsWith(this.#options.prefix) ? entry.own : null;
    const parent = this.#entries.get(entry.stat.parentPid);
    if (!parent || parent.stat.startTicks > entry.stat.startTicks) return null;
    return this.#belongsTo(parent, depth + 1);
  }

  /** A process without the variable whose parent is gone may still be in the group of one that has it. */
  #adoptGroups(): void {
    const byGroup = new Map<number, string>();
    for (const { tag, stat } of this.#entries.values()) {
      if (typeof tag === "string" && this.#isOwnGroup(stat, tag)) byGroup.set(stat.groupId, tag);
    }
    if (byGroup.size === 0) return;
    for (const entry of this.#entries.values()) {
      const tag = byGroup.get(entry.stat.groupId);
      if (tag === undefined || entry.tag !== null || entry.own !== null) continue;
      if (!this.#untouchable.has(entry.stat.pid)) entry.tag = tag;
    }
  }

  /** The group's leader is of the same instance or gone: not a stranger's group that one of ours joined. */
  #isOwnGroup(stat: ProcessStat, tag: string): boolean {
    const leader = this.#entries.get(stat.groupId);
    return leader === undefined || leader.tag === tag || !isLiving(leader.stat);
  }
}

function isLiving(stat: ProcessStat): boolean {
  return stat.state !== "Z" && stat.state !== "X";
}

/** A controller that was itself started by an instance must not count as a part of it. */
function selfAndAncestors(): ReadonlySet<number> {
  const pids = new Set<number>();
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = readStat(pid)?.parentPid ?? 0) pids.add(pid);
  return pids;
}

/** Whether the process of this stat still runs: by pid and start time. */
export function stillRuns(stat: ProcessStat): boolean {
  return identify(stat.pid)?.startTicks === stat.startTicks;
}

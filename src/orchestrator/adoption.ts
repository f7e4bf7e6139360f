// What a former controller left: found under /proc by TUSK_INSTANCE, completed from `instances.json`, and where that has
// nothing, from the processes' own environment. Only looks; the supervisor decides, and strays are ended by the driver.
import { uptime } from "node:os";
import { bootId, isAlive, type ProcessIdentity, type ProcessStat, readEnvironmentVariable } from "../system/proc.js";
import type { ProcessTable } from "../system/process-table.js";
import type { InstanceRecord } from "./instance-records.js";
import { instanceVariable, parseInstanceId, parseTag, revisionVariable } from "./instance-tag.js";
import type { Target } from "./life.js";

export interface FoundInstance extends Omit<InstanceRecord, "process"> {
  /** Null: its first process is gone, others of it live. */
  readonly process: ProcessIdentity | null;
}

export interface Findings {
  readonly instances: readonly FoundInstance[];
  /** Tags of processes that are no instance of any slot: commands that ran beside one, doubles, unreadable ones. */
  readonly strays: readonly string[];
}

/** `nowMs`: wall time. The table must have been refreshed. */
export function findInstances(table: ProcessTable, records: readonly InstanceRecord[], nowMs: number): Findings {
  const byTag = new Map(records.map((record) => [record.tag, record]));
  const instances = new Map<string, FoundInstance>();
  const strays: string[] = [];
  for (const [tag, members] of [...table.groups()].sort(oldestFirst)) {
    const record = byTag.get(tag);
    const found = record ? fromRecord(record, members) : fromEnvironment(tag, members, nowMs);
    const place = found && `${found.service}-${found.number} ${found.role}`;
    const rival = place ? instances.get(place) : undefined;
    // A recorded one goes before one that no record knows.
    if (!found || !place || (rival && !(record && !byTag.has(rival.tag)))) strays.push(tag);
    else {
      if (rival) strays.push(rival.tag);
      instances.set(place, found);
    }
  }
  return { instances: [...instances.values()], strays };
}

type Group = readonly [tag: string, members: readonly ProcessStat[]];

function oldestFirst([, a]: Group, [, b]: Group): number {
  return earliest(a).startTicks - earliest(b).startTicks;
}

function earliest(members: readonly ProcessStat[]): ProcessStat {
  return members.reduce((first, member) => (member.startTicks < first.startTicks ? member : first));
}

function fromRecord(record: InstanceRecord, members: readonly ProcessStat[]): FoundInstance {
  if (record.process) return { ...record, process: isAlive(record.process) ? record.process : null };
  return { ...record, process: leaderOf(record.tag, members) };
}

/**
 * The record was lost: a damaged file, or a controller killed before it could write. Taken for ready, so that nobody is
 * taken out of load balancing; the driver looks whether it listens.
 */
function fromEnvironment(tag: string, members: readonly ProcessStat[], nowMs: number): FoundInstance | null {
  const id = parseInstanceId(parseTag(tag)?.instance ?? "");
  const leader = leaderOf(tag, members);
  if (id === null || leader === null) return null;
  const port = Number(readEnvironmentVariable(leader.pid, "PORT"));
  const target = parseTarget(readEnvironmentVariable(leader.pid, revisionVariable));
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || target === null) return null;
  const startedAt = new Date(nowMs - uptime() * 1000 + leader.startTicks * 10).toISOString();
  return { tag, ...id, role: "current", target, port, process: leader, startedAt, restarts: 0, state: "ready" };
}

/** The process that was spawned leads its session; a child that made its own session is younger. */
function leaderOf(tag: string, members: readonly ProcessStat[]): ProcessIdentity | null {
  const leaders = members.filter(
    (member) =>
      member.sessionId === member.pid &&
      member.groupId === member.pid &&
      readEnvironmentVariable(member.pid, instanceVariable) === tag,
  );
  if (leaders.length === 0) return null;
  const { pid, startTicks } = earliest(leaders);
  return { pid, startTicks, bootId: bootId() };
}

function parseTarget(text: string | null): Target | null {
  const match = /^(\d{1,9}):(.+)$/.exec(text ?? "");
  return match?.[2] ? { revision: Number(match[1]), hash: match[2] } : null;
}

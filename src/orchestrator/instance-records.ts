// `instances.json`: what the next controller needs to adopt the instances of this one. A record is written before its
// process is spawned and again after, so that a controller may be killed at any moment; /proc has the last word.
// docs/formats/instances.md describes the format.
import { existsSync, renameSync } from "node:fs";
import { messageOf } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import { readJson, writeJsonAtomic } from "../system/atomic-file.js";
import type { ProcessIdentity } from "../system/proc.js";
import type { Target } from "./life.js";
import type { Role } from "./slot.js";

export interface InstanceRecord {
  readonly tag: string;
  readonly service: string;
  readonly number: number;
  readonly role: Role;
  readonly target: Target;
  readonly port: number;
  /** Null between the first write and the spawn. */
  readonly process: ProcessIdentity | null;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly restarts: number;
  readonly state: "ready" | "running" | "starting";
}

export interface InstanceRecords {
  readonly instances: readonly InstanceRecord[];
  /** By service: the hash whose build and setup are done. */
  readonly prepared: Readonly<Record<string, string>>;
}

export interface ReadRecords {
  readonly records: InstanceRecords;
  /** Where a damaged file was moved to. */
  readonly damaged: string | null;
}

const none: InstanceRecords = { instances: [], prepared: {} };

export function readRecords(path: string): ReadRecords {
  try {
    const value = readJson(path);
    if (value === undefined) return { records: none, damaged: null };
    if (isRecords(value)) return { records: value, damaged: null };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { records: none, damaged: setAside(path) };
}

/** Not flushed to the disk: after a loss of power there is no process to adopt. */
export function writeRecords(path: string, records: InstanceRecords): void {
  writeJsonAtomic(path, { format: 1, ...records }, { durable: false, mode: 0o600, makeFolders: false });
}

/** Writes what changed. A full disk must not end supervision: what is not written down is still found under /proc. */
export class RecordWriter {
  readonly #path: string;
  readonly #emit: EmitEvent;
  #written = "";
  #failing = false;

  constructor(path: string, emit: EmitEvent) {
    this.#path = path;
    this.#emit = emit;
  }

  write(records: InstanceRecords): void {
    const text = JSON.stringify(records);
    if (text === this.#written) return;
    try {
      writeRecords(this.#path, records);
      this.#written = text;
      this.#failing = false;
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Once, until it works again. */
  #tell(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    const message = `${this.#path} could not be written: ${messageOf(error)}`;
    this.#emit({ kind: "state.unwritten", level: "error", message });
  }
}

function setAside(path: string): string {
  for (let count = 1; ; count++) {
    const aside = `${path}.damaged-${count}`;
    if (existsSync(aside)) continue;
    renameSync(path, aside);
    return aside;
  }
}

function isRecords(value: unknown): value is InstanceRecords {
  if (!isObject(value) || !Array.isArray(value.instances) || !isObject(value.prepared)) return false;
  return value.instances.every(isRecord) && Object.values(value.prepared).every((hash) => typeof hash === "string");
}

function isRecord(value: unknown): value is InstanceRecord {
  if (!isObject(value) || !isObject(value.target)) return false;
  const { tag, service, number, role, target, port, startedAt, restarts, state } = value;
  return (
    [tag, service, startedAt, target.hash].every((text) => typeof text === "string") &&
    [number, port, restarts, target.revision].every(Number.isSafeInteger) &&
    ["current", "successor"].includes(role as string) &&
    ["ready", "running", "starting"].includes(state as string) &&
    (value.process === null || isIdentity(value.process))
  );
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (!isObject(value)) return false;
  return Number.isSafeInteger(value.pid) && Number.isSafeInteger(value.startTicks) && typeof value.bootId === "string";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

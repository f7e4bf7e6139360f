// Where an app keeps its state, and where its short-lived sockets are. The only place that knows these names;
// docs/formats/state-folder.md describes them.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { basename, join, resolve } from "node:path";
import { TuskError } from "../base/errors.js";
import { namedAccess } from "./access-error.js";
import { createFileAtomic, readJson, writeFileAtomic } from "./atomic-file.js";
import { isAlive, type ProcessIdentity } from "./proc.js";

export interface AppFolder {
  /** Absolute path of the folder that holds the spec. */
  readonly root: string;
  /** Tells this app folder from every other on the machine; short enough for socket paths. */
  readonly key: string;
  readonly state: string;
  /** Of the instances. */
  readonly logs: string;
  /** Of Tusk's own processes: a folder, so that no service can have their names. */
  readonly platformLogs: string;
  readonly specHistory: string;
  /** Unix sockets: short, because a socket's path is limited to 108 bytes. */
  readonly runtime: string;
  readonly keeperSocket: string;
  readonly files: {
    readonly controller: string;
    readonly token: string;
    readonly leases: string;
    readonly instances: string;
    readonly desired: string;
    readonly events: string;
    readonly lock: string;
    readonly external: string;
    readonly revisions: string;
    readonly parsed: string;
  };
}

/** What a running controller says of itself in `.tusk/controller.json`. */
export interface ControllerRecord extends ProcessIdentity {
  readonly url: string;
  readonly runtime: string;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The SDK runs it inside a program of the user's. */
  readonly embedded: boolean;
}

/** Below the logs of the instances, whose names are those of files. */
export const platformLogsName = "tusk";
/** Beside the logs of our own processes; the worker of a slot rotates its own. */
export const accessLogName = (slot: number): string => `access-${slot}.jsonl`;

// FNV-1a over the absolute path: stable, and not a secret.
function keyOf(root: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(root)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, "0").slice(0, 12);
}

/** sockaddr_un holds 108 bytes, the last of them a NUL. */
export const maxSocketPathBytes = 107;
/** The longest path of a socket below the machine folder, while it is being made. */
const longestSocket = "/gw-0123456789ab/worker-00.sock.4194304";

/**
 * The folder for everything of this user's apps that must be found machine-wide. In the temporary directory; where the
 * path of that is too long for a Unix socket, in /tmp.
 */
export function machineFolder(): string {
  const name = `tusk-${userInfo().uid}`;
  const folder = join(tmpdir(), name);
  return Buffer.byteLength(folder + longestSocket) <= maxSocketPathBytes ? folder : join("/tmp", name);
}

export function appFolderAt(path: string): AppFolder {
  const root = resolve(path);
  const state = join(root, ".tusk");
  const key = keyOf(root);
  const runtime = join(machineFolder(), key);
  const at = (name: string): string => join(state, name);
  return {
    root,
    key,
    state,
    logs: at("logs"),
    platformLogs: at(`logs/${platformLogsName}`),
    specHistory: at("spec/history"),
    runtime,
    keeperSocket: join(runtime, "keeper.sock"),
    files: {
      controller: at("controller.json"),
      token: at("token"),
      leases: at("leases.json"),
      instances: at("instances.json"),
      desired: at("spec/desired.json"),
      events: at("events.jsonl"),
      lock: at("lock"),
      external: at("external.json"),
      revisions: at("spec/revisions.json"),
      parsed: at("spec/parsed"),
    },
  };
}

/**
 * Makes the state and runtime folders, readable by this user alone. Throws STATE_DAMAGED when another user was there
 * first, NO_ACCESS when this one may not write there.
 */
export function createAppFolders(folder: AppFolder): void {
  try {
    makeFolders(folder);
  } catch (error) {
    throw namedAccess(error);
  }
}

function makeFolders(folder: AppFolder): void {
  ensureOwnFolder(machineFolder());
  mkdirSync(folder.state, { recursive: true, mode: 0o700 });
  mkdirSync(folder.specHistory, { recursive: true });
  mkdirSync(folder.platformLogs, { recursive: true });
  mkdirSync(folder.runtime, { recursive: true, mode: 0o700 });
  if (!existsSync(join(folder.state, ".gitignore"))) writeFileAtomic(join(folder.state, ".gitignore"), "*\n");
}

/** It lies in the temporary directory, where any user could have made it first, and sockets are trusted by their place. */
export function ensureOwnFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  if (stat.isDirectory() && stat.uid === userInfo().uid && (stat.mode & 0o022) === 0) return;
  throw new TuskError("STATE_DAMAGED", `${path} is not a folder that this user alone can write to`, {
    hint: "another user made it; remove it, or set another TMPDIR",
  });
}

/** The admin API's token, made at the first call; two who call at once get the same. */
export function ensureToken(folder: AppFolder): string {
  const present = readToken(folder);
  if (present) return present;
  const token = `${randomBytes(24).toString("base64url")}\n`;
  // An empty file is in the way of a new one: it is no token.
  if (!createFileAtomic(folder.files.token, token, { mode: 0o600 }) && readToken(folder) === null) {
    writeFileAtomic(folder.files.token, token, { mode: 0o600 });
  }
  return readToken(folder) ?? token.trim();
}

export function readToken(folder: AppFolder): string | null {
  try {
    return readFileSync(folder.files.token, "utf8").trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The controller's record when that very process still runs, else null. Throws STATE_DAMAGED when it is no JSON. */
export function readController(folder: AppFolder): ControllerRecord | null {
  let record: unknown;
  try {
    record = readJson(folder.files.controller);
  } catch (error) {
    throw new TuskError("STATE_DAMAGED", `${folder.files.controller} is not readable`, {
      cause: error,
      hint: "run `tusk doctor --prune`",
    });
  }
  // A copied app folder brings along the record of the original's controller: that one has another runtime folder.
  if (!isRecord(record) || basename(record.runtime) !== folder.key) return null;
  return isAlive(record) ? record : null;
}

function isRecord(value: unknown): value is ControllerRecord {
  if (typeof value !== "object" || value === null) return false;
  const record = value as Partial<ControllerRecord>;
  const { pid, startTicks, url, runtime } = record;
  return [pid, startTicks].every(Number.isSafeInteger) && [url, runtime].every((text) => typeof text === "string");
}

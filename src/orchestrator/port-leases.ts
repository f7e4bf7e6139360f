// Ports that belong to this app until released: the same key has the same port after every restart.
// Unique on the machine through claim files, one a port, because two apps may start at the same moment.
// docs/formats/instances.md describes `leases.json` and the claims. A lease is no bind: who uses it may still find it taken.
import { randomBytes } from "node:crypto";
import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TuskError } from "../base/errors.js";
import { readJson, writeJsonAtomic } from "../system/atomic-file.js";
import { listeningSockets } from "../system/listeners.js";

export interface PortLeases {
  /** The key's port; a new one is free now, `preferred` if that can be had. Throws PORT_IN_USE when none is left. */
  lease(key: string, preferred?: number): number;
  /** Gives this very port to the key, whatever had it in this app: an adopted or promoted instance brings its own. */
  assign(key: string, port: number): void;
  release(key: string): void;
  releaseAll(): void;
  all(): ReadonlyMap<string, number>;
}

export interface PortLeaseOptions {
  /** Holds `leases.json`. */
  readonly stateFolder: string;
  /** Shared by all apps of this user on this machine. */
  readonly claimsFolder: string;
  /** Absolute; written into the claims, and found again through them as `<stateFolder>/leases.json`. */
  readonly appFolder: string;
  /** First and last. Default: 20000 to 29999, moved away from the kernel's ephemeral range. */
  readonly range?: readonly [first: number, last: number];
}

interface Claim {
  readonly app: string;
  readonly leases: string;
}

/** Ports that well-known servers of this range take when they are started later. */
const avoided = new Set([25565, 25672, 26257, 26379, 27017, 27018, 27019, 28015, 28017, 29092]);

/** Throws TuskError STATE_DAMAGED when the claims folder is not this user's own. */
export function createPortLeases(options: PortLeaseOptions): PortLeases {
  return new FilePortLeases(options, options.range ?? defaultRange());
}

/** Outside the range from which the kernel takes the local ports of outgoing connections. */
export function defaultRange(ephemeral: readonly [number, number] = readEphemeralRange()): readonly [number, number] {
  const [low, high] = ephemeral;
  if (low > 30_000 || high < 20_000) return [20_000, 29_999];
  const below = [Math.max(1024, low - 10_000), low - 1] as const;
  const above = [high + 1, 65_535] as const;
  return below[1] - below[0] >= above[1] - above[0] ? below : above;
}

function readEphemeralRange(): readonly [number, number] {
  const text = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
  const [low = 32_768, high = 60_999] = text.trim().split(/\s+/).map(Number);
  return [low, high];
}

/** A first start leases many ports at once, and to look who listens takes milliseconds. */
const lookValidMs = 100;

interface Look {
  readonly atMs: number;
  readonly ports: readonly number[];
}

const nothingLooked: Look = { atMs: Number.NEGATIVE_INFINITY, ports: [] };

class FilePortLeases implements PortLeases {
  readonly #options: PortLeaseOptions;
  readonly #range: readonly [number, number];
  readonly #file: string;
  readonly #leases: Map<string, number>;
  #looked: Look = nothingLooked;

  constructor(options: PortLeaseOptions, range: readonly [number, number]) {
    this.#options = options;
    this.#range = range;
    this.#file = join(options.stateFolder, "leases.json");
    ensureOwnFolder(options.claimsFolder);
    mkdirSync(options.stateFolder, { recursive: true, mode: 0o700 });
    this.#leases = this.#readOwn();
  }

  /** What the file says, less what another app has claimed: a copied app folder brings the original's leases along. */
  #readOwn(): Map<string, number> {
    return new Map([...readLeases(this.#file)].filter(([, port]) => this.#claim(port)));
  }

  all(): ReadonlyMap<string, number> {
    return new Map(this.#leases);
  }

  lease(key: string, preferred?: number): number {
    const held = this.#leases.get(key);
    if (held !== undefined) return held;
    const taken = this.#takenPorts();
    for (const port of this.#candidates(key, preferred)) if (!taken.has(port) && this.#take(key, port)) return port;
    throw new TuskError("PORT_IN_USE", `no port between ${this.#range.join(" and ")} is free`, {
      details: { key, leased: this.#leases.size },
    });
  }

  assign(key: string, port: number): void {
    if (this.#leases.get(key) === port) return;
    for (const [other, leased] of this.#leases) if (leased === port) this.#leases.delete(other);
    this.#drop(key);
    this.#leases.set(key, port);
    this.#save();
    // A claim of another app stands: the instance that brings the port uses it already, whatever the file says.
    this.#claim(port);
  }

  release(key: string): void {
    if (!this.#leases.has(key)) return;
    this.#drop(key);
    this.#save();
    // Perhaps it is given back because somebody took it: the next lease must see that.
    this.#looked = nothingLooked;
  }

  releaseAll(): void {
    for (const key of [...this.#leases.keys()]) this.#drop(key);
    rmSync(this.#file, { force: true });
  }

  #takenPorts(): Set<number> {
    const now = performance.now();
    if (now - this.#looked.atMs > lookValidMs) {
      this.#looked = { atMs: now, ports: listeningSockets().map((socket) => socket.port) };
    }
    return new Set([...this.#looked.ports, ...this.#leases.values()]);
  }

  /** Starts at a place that depends on the app and the key, so that apps seldom meet and a lost file gives the same ports. */
  *#candidates(key: string, preferred?: number): Generator<number> {
    if (preferred !== undefined) yield preferred;
    const [first, last] = this.#range;
    const size = last - first + 1;
    const start = hash(`${this.#options.appFolder}\0${key}`) % size;
    for (let step = 0; step < size; step++) {
      const port = first + ((start + step) % size);
      if (!avoided.has(port)) yield port;
    }
  }

  /** The file first, then the claim: a claim whose app does not list it counts as stale. */
  #take(key: string, port: number): boolean {
    this.#leases.set(key, port);
    this.#save();
    if (this.#claim(port)) return true;
    this.#leases.delete(key);
    this.#save();
    return false;
  }

  #drop(key: string): void {
    const port = this.#leases.get(key);
    if (port === undefined) return;
    this.#leases.delete(key);
    const path = this.#claimPath(port);
    if (readClaim(path)?.app === this.#options.appFolder) rmSync(path, { force: true });
  }

  #claim(port: number): boolean {
    const path = this.#claimPath(port);
    if (readClaim(path)?.app === this.#options.appFolder) return true;
    const claim: Claim = { app: this.#options.appFolder, leases: this.#file };
    const temporary = `${path}.${randomBytes(6).toString("hex")}`;
    writeFileSync(temporary, JSON.stringify(claim), { mode: 0o600 });
    try {
      if (tryLink(temporary, path)) return true;
      return removeStaleClaim(path, port) && tryLink(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  #claimPath(port: number): string {
    return join(this.#options.claimsFolder, String(port));
  }

  #save(): void {
    const leases = Object.fromEntries(this.#leases);
    try {
      writeJsonAtomic(this.#file, { format: 1, leases }, { durable: false, makeFolders: false });
    } catch (error) {
      // The state folder was taken away: whoever looks after it ends the app, which must be able to go on until then.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

/** A damaged or missing file means no leases: their ports are leased anew, and mostly come out the same. */
function readLeases(path: string): Map<string, number> {
  let value: unknown;
  try {
    value = readJson(path);
  } catch {
    // Not JSON. Nothing is lost but the numbers.
    return new Map();
  }
  const leases = (value as { leases?: unknown } | null | undefined)?.leases;
  if (typeof leases !== "object" || leases === null) return new Map();
  return new Map(Object.entries(leases).filter((entry): entry is [string, number] => isPort(entry[1])));
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}

function readClaim(path: string): Claim | null {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as Partial<Claim> | null;
    return typeof value?.app === "string" && typeof value.leases === "string" ? (value as Claim) : null;
  } catch {
    // Gone meanwhile, or no claim of ours: either way nobody stands behind it.
    return null;
  }
}

function isStale(claim: Claim | null, port: number): boolean {
  return claim === null || ![...readLeases(claim.leases).values()].includes(port);
}

/** Takes a stale claim away. One that another app renewed between the look and the move is put back. */
function removeStaleClaim(path: string, port: number): boolean {
  if (!isStale(readClaim(path), port)) return false;
  const aside = `${path}.${randomBytes(6).toString("hex")}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
  const stale = isStale(readClaim(aside), port);
  if (!stale) tryLink(aside, path);
  rmSync(aside, { force: true });
  return stale;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The folder lies under the temporary directory, where any user could have made it first. */
function ensureOwnFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  if (stat.isDirectory() && stat.uid === process.getuid?.()) return;
  throw new TuskError("STATE_DAMAGED", `${path} is not a folder of this user`, {
    hint: "another user made it; remove it or set another TMPDIR",
  });
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

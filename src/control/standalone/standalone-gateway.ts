// A gateway without an app: Kubernetes objects in a folder are its whole configuration. Brings each change to keeper and
// workers as a whole, or leaves everything as it was. Workers and sockets outlive this process; whoever starts it again
// for the same folder takes them over.
import { rmSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { Clock } from "../../base/clock.js";
import { messageOf, type Problem, TuskError } from "../../base/errors.js";
import { canonicalJson, contentHash } from "../../base/hash.js";
import { type CompiledGateway, compileGatewayApi } from "../../compile/gateway-api/compile-gateway-api.js";
import { nameOf } from "../../compile/gateway-api/object-set.js";
import { toStatuses } from "../../compile/gateway-api/statuses.js";
import type { ListenerSocket } from "../../compile/listeners.js";
import { connectKeeper } from "../../keeper/client.js";
import { startKeeper } from "../../keeper/start-keeper.js";
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";
import { connectWorker } from "../../proxy/worker-client.js";
import { ensureOwnFolder, machineFolder } from "../../system/app-folder.js";
import { writeFileAtomic, writeJsonAtomic } from "../../system/atomic-file.js";
import { acquireLock, type FileLock } from "../../system/lock.js";
import { checkCertificate } from "../check-certificate.js";
import { DataPlane } from "../data-plane.js";
import { portError } from "../port-error.js";
import { watchFolder } from "./folder-watch.js";
import { type FolderContent, ObjectFolder } from "./object-folder.js";
import { emptyBook, turnPage } from "./status-book.js";

export interface StandaloneOptions {
  readonly folder: string;
  /** Null: no status is written. */
  readonly statusFile: string | null;
  readonly workerCount: number;
  readonly clock: Clock;
  readonly onApplied: (version: number, changed: readonly string[]) => void;
  readonly onRefused: (problems: readonly Problem[]) => void;
  /** What is worth knowing and changes nothing. */
  readonly onNotice: (text: string) => void;
}

/** For requests in flight at the end. */
const drainMs = 10_000;

export class StandaloneGateway {
  readonly #options: StandaloneOptions;
  readonly #folder: ObjectFolder;
  readonly #runtime: string;
  readonly #lock: FileLock;
  readonly #dataPlane: DataPlane;
  #current: CompiledGateway = nothing;
  #objects: ReadonlyMap<string, string> = new Map();
  #book = emptyBook;
  #version = 0;
  #watch: { close(): void } | null = null;
  /** The keeper was started by us, and serves nothing that was there before. */
  #owned = false;

  private constructor(options: StandaloneOptions, runtime: string, lock: FileLock) {
    this.#options = options;
    this.#folder = new ObjectFolder(options.folder);
    this.#runtime = runtime;
    this.#lock = lock;
    this.#dataPlane = createDataPlane(runtime, options);
  }

  /** Throws SPEC_INVALID with every problem of the folder, ALREADY_RUNNING, PORT_IN_USE, KEEPER_LOST. */
  static async start(options: StandaloneOptions): Promise<StandaloneGateway> {
    const runtime = await runtimeFolderFor(options.folder);
    const held = acquireLock(`${runtime}.lock`);
    if ("holder" in held) {
      const message = `process ${held.holder.pid} runs a gateway on ${options.folder} already`;
      throw new TuskError("ALREADY_RUNNING", message);
    }
    const gateway = new StandaloneGateway(options, runtime, held.lock);
    try {
      await gateway.#begin();
      return gateway;
    } catch (error) {
      await gateway.#giveUp();
      throw error;
    }
  }

  get sockets(): readonly ListenerSocket[] {
    return this.#current.sockets;
  }

  /** Drains and ends workers and keeper. */
  async close(): Promise<void> {
    this.#watch?.close();
    await this.#dataPlane.shutdown(drainMs);
    rmSync(this.#runtime, { recursive: true, force: true });
    this.#lock.release();
  }

  /** What an earlier gateway left serving goes on. */
  async #giveUp(): Promise<void> {
    if (this.#owned) return this.close();
    this.#dataPlane.close();
    this.#lock.release();
  }

  async #begin(): Promise<void> {
    const content = await this.#folder.read();
    const compiled = compiledFrom(content);
    this.#tellNotices(content);
    this.#owned = await ensureKeeper(this.#runtime, this.#options.workerCount);
    await this.#dataPlane.connect();
    await this.#apply(compiled);
    this.#noteApplied(content);
    const { clock } = this.#options;
    const onChange = (): Promise<void> => this.#onChange();
    this.#watch = watchFolder({ folder: this.#folder, clock, known: content.stamps, onChange });
  }

  async #onChange(): Promise<void> {
    try {
      const content = await this.#folder.read();
      await this.#apply(compiledFrom(content));
      this.#tellNotices(content);
      const changed = this.#noteApplied(content);
      this.#options.onApplied(this.#version, changed);
    } catch (error) {
      const problems = error instanceof TuskError ? error.problems : [];
      this.#options.onRefused(problems.length > 0 ? problems : [{ path: "", message: messageOf(error) }]);
    }
  }

  // Make before break: sockets and endpoints of both, then the plan, then what nobody needs goes. A step that fails is
  // undone.
  async #apply(next: CompiledGateway): Promise<void> {
    const before = this.#current;
    try {
      this.#keepCertificates(next);
      await this.#listen(unite(before.sockets, next.sockets));
      await this.#setEndpoints(before.endpoints, { ...before.endpoints, ...next.endpoints });
      if (before === nothing || !isSame(before.plan, next.plan)) await this.#dataPlane.setPlan(next.plan);
    } catch (error) {
      if (before !== nothing) await this.#restore(before);
      throw error;
    }
    await this.#setEndpoints({ ...before.endpoints, ...next.endpoints }, next.endpoints);
    if (!isSame(unite(before.sockets, next.sockets), next.sockets)) await this.#listen(next.sockets);
    this.#current = next;
  }

  /** Before the plan that names them. Nobody else on the machine may read them. */
  #keepCertificates({ certificates }: CompiledGateway): void {
    for (const [file, pem] of certificates) {
      writeFileAtomic(join(this.#runtime, "certificates", file), pem, { mode: 0o600, durable: false });
    }
  }

  async #restore(before: CompiledGateway): Promise<void> {
    await this.#dataPlane.listen(before.sockets);
    this.#dataPlane.setEndpoints(before.endpoints);
  }

  async #listen(sockets: readonly ListenerSocket[]): Promise<void> {
    const bound = await this.#dataPlane.listen(sockets);
    for (const socket of sockets) {
      const result = bound.get(socket.name)?.result;
      if (result && !result.ok) throw portError(socket, result.code);
    }
  }

  async #setEndpoints(from: CompiledGateway["endpoints"], to: CompiledGateway["endpoints"]): Promise<void> {
    if (this.#dataPlane.endpoints !== null && isSame(from, to)) return;
    await this.#dataPlane.endpointsAcknowledged(this.#dataPlane.setEndpoints(to));
  }

  /** Returns the objects that are new, changed or gone. */
  #noteApplied({ objects }: FolderContent): string[] {
    const before = this.#objects;
    this.#objects = new Map(objects.map((loaded) => [fullName(loaded), contentHash(loaded.object)]));
    const now = this.#objects;
    this.#version++;
    this.#writeStatus();
    const names = new Set([...before.keys(), ...now.keys()]);
    return [...names].filter((name) => before.get(name) !== now.get(name)).sort();
  }

  #writeStatus(): void {
    const { statusFile, clock, onNotice } = this.#options;
    if (statusFile === null) return;
    const { book, context } = turnPage(this.#book, clock.now());
    const items = toStatuses(this.#current, context);
    this.#book = book;
    try {
      writeJsonAtomic(statusFile, { apiVersion: "v1", kind: "List", items }, { durable: false });
    } catch (error) {
      // What is served does not depend on it.
      onNotice(`the status cannot be written to ${statusFile}: ${messageOf(error)}`);
    }
  }

  #tellNotices({ notices }: FolderContent): void {
    for (const { file, line, message } of notices) this.#options.onNotice(`${file}:${line}: ${message}`);
  }
}

const nothing: CompiledGateway = {
  sockets: [],
  plan: { format: 1, version: 0, app: "gateway", listeners: [], clusters: {} },
  endpoints: {},
  certificates: new Map(),
  classes: [],
  gateways: [],
  routes: [],
};

const isSame = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

const fullName = (loaded: LoadedObject): string => `${loaded.object.kind} ${nameOf(loaded)}`;

function unite(a: readonly ListenerSocket[], b: readonly ListenerSocket[]): ListenerSocket[] {
  return [...new Map([...b, ...a].map((socket) => [socket.name, socket])).values()];
}

/** Throws SPEC_INVALID. */
function compiledFrom({ objects, problems }: FolderContent): CompiledGateway {
  const result = problems.length > 0 ? { ok: false as const, problems } : compileGatewayApi(objects, checkCertificate);
  if (result.ok) return result.compiled;
  throw new TuskError("SPEC_INVALID", "the folder's objects cannot be applied", { problems: result.problems });
}

/** Short, because sockets are in it, and the same at every start for one folder. Throws NOT_FOUND. */
async function runtimeFolderFor(folder: string): Promise<string> {
  ensureOwnFolder(machineFolder());
  const real = await realpath(folder).catch(() => {
    throw new TuskError("NOT_FOUND", `there is no folder ${folder}`);
  });
  return join(machineFolder(), `gw-${contentHash(real).slice(0, 12)}`);
}

/** False: one is there. */
async function ensureKeeper(runtimeFolder: string, workerCount: number): Promise<boolean> {
  if (await answers(join(runtimeFolder, "keeper.sock"))) return false;
  startKeeper({ runtimeFolder, logsFolder: join(runtimeFolder, "logs"), workerCount, controllerCommand: null });
  return true;
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function createDataPlane(runtime: string, { clock, workerCount, onNotice }: StandaloneOptions): DataPlane {
  return new DataPlane({
    connectKeeper: (handlers) =>
      connectKeeper({
        socketPath: join(runtime, "keeper.sock"),
        restart: null,
        onAway: () => void ensureKeeper(runtime, workerCount),
        ...handlers,
      }),
    connectWorker: (worker, handlers) => connectWorker({ socketPath: worker.socket, ...handlers }),
    clock,
    emit: ({ message }) => onNotice(message),
    onPolicy: (notice) => {
      if (notice.type === "policy") {
        onNotice(`${notice.cluster} ${notice.kind}: ${notice.reason}`);
        return;
      }
      const what = notice.type === "ejected" ? "left load balancing" : "returned to load balancing";
      onNotice(`${notice.cluster} ${notice.endpoint} ${what}: ${notice.reason}`);
    },
  });
}

// Whether an instance itself listens on its port, and whether what served there is still there.
// A port that answers proves nothing: a foreign process may have taken it, or a wrapper may hold the socket of a
// server that was killed. Once found, a listener is proved anew by one link read; the kernel's table is dear.
import { uptime } from "node:os";
import {
  describeHolders,
  holdersOf,
  type ListeningSocket,
  listeningSockets,
  loopbackListeners,
  mayReadDescriptors,
  type SocketHolder,
  socketsHeldBy,
  stillHolds,
} from "../system/listeners.js";
import { executable, isAlive, type ProcessIdentity, type ProcessStat } from "../system/proc.js";
import type { ProcessTable } from "../system/process-table.js";

export type ListenerLook =
  /** No holders: a program with more rights than ours, whose sockets cannot be seen. */
  | { readonly state: "ours"; readonly holders: readonly SocketHolder[] }
  | { readonly state: "none" | "foreign"; readonly detail: string };

/** The listener of one instance on one port. */
export class OwnListener {
  readonly port: number;
  readonly #table: ProcessTable;
  readonly #tag: string;
  #holders: readonly SocketHolder[] = [];

  constructor(port: number, table: ProcessTable, tag: string) {
    this.port = port;
    this.#table = table;
    this.#tag = tag;
  }

  members(): readonly ProcessStat[] {
    return this.#table.members(this.#tag);
  }

  /** Cheap while a process that was found to listen does so still. */
  look(): ListenerLook {
    if (this.#holders.some(stillHolds)) return { state: "ours", holders: this.#holders };
    const look = lookAtListener(this.port, this.#table, this.#tag);
    this.#holders = look.state === "ours" ? look.holders : [];
    return look;
  }

  /** Who holds the sockets found before: children may have got them since, or been killed. */
  holdersNow(): readonly SocketHolder[] {
    this.#table.refresh();
    const inodes = new Set(this.#holders.map((holder) => holder.inode));
    this.#holders = this.members().flatMap((member) => socketsHeldBy(member.pid, inodes));
    return this.#holders;
  }

  /** Where it listens instead; null when nowhere. Dear. */
  elsewhere(): string | null {
    this.#table.refresh();
    const sockets = listeningSockets();
    const inodes = new Set(sockets.map((socket) => socket.inode));
    const held = new Set(
      this.members().flatMap((member) => socketsHeldBy(member.pid, inodes).map(({ inode }) => inode)),
    );
    const own = sockets.filter((socket) => held.has(socket.inode));
    if (own.some((socket) => socket.port === this.port)) return `it listens on port ${this.port}, but not on 127.0.0.1`;
    const ports = [...new Set(own.map((socket) => socket.port))];
    return ports.length === 0 ? null : `it listens on port ${ports.join(" and ")} instead of ${this.port} (PORT)`;
  }
}

/** Looks harder at the processes (they may have started children) before it calls a listener foreign. */
function lookAtListener(port: number, table: ProcessTable, tag: string): ListenerLook {
  const sockets = loopbackListeners(port);
  if (sockets.length === 0) return { state: "none", detail: `nothing listens on port ${port}` };
  for (const harder of [undefined, { exact: false }, { exact: true }]) {
    if (harder) table.refresh(harder);
    const holders = heldBy(sockets, table.members(tag));
    if (holders !== null) return { state: "ours", holders };
  }
  return judgeOthers(port, sockets, table.members(tag));
}

/** Null unless every one of the sockets is held by a member. */
function heldBy(sockets: readonly ListeningSocket[], members: readonly ProcessStat[]): SocketHolder[] | null {
  const inodes = new Set(sockets.map((socket) => socket.inode));
  const holders = members.flatMap((member) => socketsHeldBy(member.pid, inodes));
  const held = new Set(holders.map((holder) => holder.inode));
  return held.size === inodes.size ? holders : null;
}

function judgeOthers(port: number, sockets: readonly ListeningSocket[], members: readonly ProcessStat[]): ListenerLook {
  const visible = holdersOf(sockets);
  // A program with more rights than ours (setuid, capabilities) hides its sockets; nobody else is seen to have them.
  const hidden = members.some((member) => !mayReadDescriptors(member.pid));
  if (visible.length === 0 && hidden) return { state: "ours", holders: [] };
  return { state: "foreign", detail: `port ${port} is taken by ${describeHolders(visible)}` };
}

export type ListenerState = { readonly state: "held" | "lost" | "reloading"; readonly detail: string };

const eagerLooks = 5;
const checksPerLook = 10;

/** Remembers who served, and tells when that is gone. One per instance, made when its startup probe has passed. */
export class ListenerWatch {
  readonly #listener: OwnListener;
  /** Those that serve: holders of the socket that have no holder among their children. */
  #serving: readonly SocketHolder[] = [];
  /** Holders that only passed the socket on to children: reloaders, masters. */
  readonly #masters = new Set<string>();
  #programs: ReadonlySet<string> = new Set();
  #lastHeldTicks = 0;
  #checks = 0;

  constructor(listener: OwnListener) {
    this.#listener = listener;
    const look = listener.look();
    if (look.state === "ours") this.#found(look.holders);
  }

  /** One link read while all is well; now and then a closer look, because a master may serve by children by now. */
  check(): ListenerState {
    // Before the look, and in whole ticks as start times are: whoever is started from now on has come after what it saw.
    const nowTicks = Math.floor(uptime() * 100);
    const closer = this.#checks < eagerLooks || this.#checks % checksPerLook === 0;
    this.#checks += 1;
    if (this.#serving.length === 0 || this.#serving.some(stillHolds)) {
      if (closer && this.#serving.length > 0) this.#found(this.#listener.holdersNow());
      return this.#held(nowTicks);
    }
    if (this.#found(this.#listener.holdersNow())) return this.#held(nowTicks);
    const look = this.#listener.look();
    if (look.state === "ours" && this.#found(look.holders)) return this.#held(nowTicks);
    const gone = `the process that served port ${this.#listener.port} is gone`;
    const detail = look.state === "foreign" ? `${gone}, and ${look.detail}` : gone;
    return { state: this.#mayComeBack() ? "reloading" : "lost", detail };
  }

  #held(nowTicks: number): ListenerState {
    this.#lastHeldTicks = nowTicks;
    return { state: "held", detail: `port ${this.#listener.port} is listened on by the instance` };
  }

  /** Takes note of who serves now; false when nobody does. */
  #found(holders: readonly SocketHolder[]): boolean {
    const serving = this.#withoutMasters(holders);
    if (serving.length === 0) return false;
    this.#serving = serving;
    const programs = serving.map((holder) => executable(holder.process.pid)).filter((path) => path !== null);
    this.#programs = new Set(programs);
    return true;
  }

  #withoutMasters(holders: readonly SocketHolder[]): SocketHolder[] {
    const pids = new Set(holders.map((holder) => holder.process.pid));
    const children = this.#listener.members().filter((member) => pids.has(member.pid));
    const parents = new Set(children.map((member) => member.parentPid));
    for (const { process } of holders) if (parents.has(process.pid)) this.#masters.add(key(process));
    return holders.filter((holder) => !this.#masters.has(key(holder.process)));
  }

  /** The server closed its socket and lives, or the same program was started again by a file watcher. */
  #mayComeBack(): boolean {
    const masters = this.#masters;
    if (this.#serving.some((holder) => isAlive(holder.process) && !masters.has(key(holder.process)))) return true;
    return this.#listener
      .members()
      .some((member) => member.startTicks >= this.#lastHeldTicks && this.#programs.has(executable(member.pid) ?? ""));
  }
}

function key(process: ProcessIdentity): string {
  return `${process.pid}/${process.startTicks}`;
}

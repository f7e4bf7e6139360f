// What keeper and worker say to each other over the fork channel, the one channel that can carry sockets.
// Either side may be the parent: a successor keeper is a child of the worker that called it.
import type { ListenRequest } from "./protocol.js";

export interface Identity {
  readonly pid: number;
  readonly startTicks: number;
}

export interface WatchedController extends Identity {
  /** Command that starts the next one; null: nobody does. */
  readonly restart: readonly string[] | null;
}

export interface BoundListener extends ListenRequest {
  readonly boundPort: number;
}

export interface WorkerIdentity extends Identity {
  readonly slot: number;
}

/** Everything that a successor must know beside the sockets themselves. Workers hold the latest. */
export interface KeeperState {
  readonly keeper: Identity;
  readonly runtimeFolder: string;
  readonly logsFolder: string;
  readonly workerCount: number;
  readonly controller: WatchedController | null;
  readonly listeners: readonly BoundListener[];
  readonly workers: readonly WorkerIdentity[];
}

export type KeeperToWorker =
  | { readonly type: "state"; readonly state: KeeperState }
  /** Carries the bound socket as its handle. */
  | { readonly type: "listener"; readonly name: string }
  | { readonly type: "close"; readonly name: string }
  | { readonly type: "stop"; readonly drainMs: number };

export type WorkerToKeeper =
  /** It listens on the socket, or cannot and says why (a system error code). */
  | { readonly type: "holding"; readonly name: string; readonly error: string | null }
  /** It accepts no more on the socket; requests in flight may still be there. */
  | { readonly type: "closed"; readonly name: string }
  /** Its plan is loaded and its own socket answers. */
  | { readonly type: "serving"; readonly socket: string }
  /** Told to end by somebody else: another one is needed now, not when it has ended. */
  | { readonly type: "draining" }
  /** First message to a successor: the sockets are its descriptors from `firstDescriptor` on, in the order of `names`. */
  | {
      readonly type: "succeed";
      readonly state: KeeperState;
      readonly slot: number;
      readonly worker: Identity;
      readonly socket: string;
      readonly names: readonly string[];
      readonly firstDescriptor: number;
    };

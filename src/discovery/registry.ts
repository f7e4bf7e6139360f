// The contract of the service registry. Supervised instances come from the controller and never expire by time;
// external ones are registered through the API and live by TTL, by an active check, or until deregistered.

import type { Unsubscribe } from "../base/watchable.js";

export type HealthState = "starting" | "passing" | "warning" | "critical";

export type CheckSpec =
  | {
      readonly kind: "http";
      readonly url: string;
      readonly periodMs: number;
      readonly timeoutMs: number;
      readonly failureThreshold: number;
      readonly successThreshold: number;
    }
  | {
      readonly kind: "tcp";
      readonly address: string;
      readonly port: number;
      readonly periodMs: number;
      readonly timeoutMs: number;
      readonly failureThreshold: number;
      readonly successThreshold: number;
    };

export interface Registration {
  /** Default: generated, UUIDv7. */
  readonly id?: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly weight?: number;
  /** Heartbeat needed within this; then critical, and expired (removed) after a further `expireAfterMs`. */
  readonly ttlMs?: number;
  /** Critical for this long: deregistered. Default: 10 × ttlMs for TTL, never for checks. */
  readonly expireAfterMs?: number;
  readonly check?: CheckSpec;
}

export interface RegisteredInstance {
  readonly id: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly weight: number;
  readonly source: "supervisor" | "external";
  readonly state: HealthState;
  /** One sentence. Never empty. */
  readonly reason: string;
  /** Tells one life from the next. */
  readonly epoch: string;
  /** ISO 8601. */
  readonly registeredAt: string;
  /** ISO 8601 of the last change of state. */
  readonly changedAt: string;
}

export interface SupervisedInstance {
  readonly id: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly state: HealthState;
  readonly reason: string;
  readonly epoch: string;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface LookupQuery {
  /** Default true: passing and warning only. */
  readonly healthyOnly?: boolean;
  /** All of them. */
  readonly tags?: readonly string[];
}

export type RegistryChange =
  | { readonly type: "added" | "changed"; readonly instance: RegisteredInstance }
  | { readonly type: "removed"; readonly instance: RegisteredInstance; readonly reason: string };

export interface Registry {
  /** Adds or replaces (same id). Throws TuskError REQUEST_INVALID with every problem, CONFLICT when the id is a supervised one. */
  register(registration: Registration): RegisteredInstance;
  /** False when there is no such id. Throws CONFLICT for a supervised one. */
  deregister(id: string, reason: string): boolean;
  /** Throws NOT_FOUND. `state` other than passing is what the caller says of itself. */
  heartbeat(
    id: string,
    report?: { readonly state?: "passing" | "warning" | "critical"; readonly reason?: string },
  ): RegisteredInstance;
  /** Makes the supervised part exactly this. */
  syncSupervised(instances: readonly SupervisedInstance[]): void;
  /** Instances of a service; the same array object until something in it changes. Under 10 µs with 10,000 instances. */
  lookup(service: string, query?: LookupQuery): readonly RegisteredInstance[];
  get(id: string): RegisteredInstance | undefined;
  services(): readonly string[];
  /** Every change of one service, or of all (`*`), synchronously. */
  watch(service: string, listener: (change: RegistryChange) => void): Unsubscribe;
  /** Counts up with every change: lets a remote watcher know that it missed nothing. */
  readonly index: number;
  close(): void;
}

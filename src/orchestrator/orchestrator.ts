// The contract of a driver that runs instances: what the controller asks of it and what it shows.
// The process driver is the one implementation; a container driver would be a second behind the same contract.

import type { ReadonlyWatchable } from "../base/watchable.js";
import type { ProcessPlan } from "../plan/process-plan.js";

export type InstancePhase =
  | "waiting" // for services in startAfter, or for build and setup
  | "starting" // spawned, startup probe not passed yet
  | "running" // startup passed
  | "draining" // out of load balancing, requests in flight finish
  | "stopping" // SIGTERM sent
  | "backoff" // exited, waits for its next start
  | "failed"; // build, setup or spawn failed; a new revision or `restart` tries again

export type InstanceHealth = "starting" | "passing" | "warning" | "critical";

export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat, clock ticks since boot. */
  readonly startTicks: number;
  /** /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
}

export interface ProbeResult {
  readonly ok: boolean;
  /** ISO 8601. */
  readonly at: string;
  readonly durationMs: number;
  /** `200 OK`, `connection refused`, `timed out after 1000 ms`, ... */
  readonly detail: string;
}

export interface InstanceView {
  /** `name-n`, n from 1: a slot, kept across restarts. */
  readonly id: string;
  readonly service: string;
  readonly slot: number;
  readonly revision: number;
  readonly phase: InstancePhase;
  readonly health: InstanceHealth;
  /** May receive traffic: running, readiness passing, listening process ours, not draining. */
  readonly ready: boolean;
  /** One sentence: why it is in this phase and health. Never empty. */
  readonly reason: string;
  /** Services or steps that it waits for, nearest first. */
  readonly waitingFor: readonly string[];
  readonly process: ProcessIdentity | null;
  /** Was running already when this controller began. */
  readonly adopted: boolean;
  readonly port: number;
  readonly restarts: number;
  /** ISO 8601 of the current process' start. */
  readonly startedAt: string | null;
  /** ISO 8601 of the next start, in backoff. */
  readonly nextStartAt: string | null;
  readonly lastExit: {
    readonly code: number | null;
    readonly signal: string | null;
    readonly unknown: boolean;
    readonly at: string;
  } | null;
  readonly lastProbe: ProbeResult | null;
  /** Of one core, whole process tree, over the last sampling interval; null before the second sample or unsampled. */
  readonly cpuPercent: number | null;
  /** Proportional set size where readable, else resident, whole process tree. */
  readonly memoryBytes: number | null;
  readonly logFile: string;
}

export interface InstanceHealthReport {
  readonly instance: string;
  readonly ok: boolean;
  readonly reason: string;
  readonly probes: readonly (ProbeResult & { readonly probe: "startup" | "liveness" | "readiness" })[];
}

export interface Orchestrator {
  /** All instances of all slots, by id; a new Map after every change. While a slot's successor starts beside it, both are
   *  there: the older under its id, the newer under `<id>+`; when the switch is made the newer takes the id. */
  readonly instances: ReadonlyWatchable<ReadonlyMap<string, InstanceView>>;
  /** Converges on the plan, touching only what differs. A service that left the plan is stopped. */
  apply(plan: ProcessPlan): void;
  /** Replaces the instances one after another, each successor ready before its predecessor is drained.
   *  Resolves when all are replaced; rejects NOT_READY when a successor does not become ready (the old one stays). */
  restart(service: string, instance?: string): Promise<void>;
  /** Runs the probes now, without changing any state. */
  checkHealth(service: string): Promise<readonly InstanceHealthReport[]>;
  /** Drains and stops everything, waits until the processes and their ports are gone. */
  stopAll(): Promise<void>;
  /** Stops supervising and leaves the processes running: for a controller that hands over. */
  detach(): Promise<void>;
}

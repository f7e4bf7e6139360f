// What the process driver runs: plain JSON, no spec. One entry a service; the driver makes `replicas` slots of it.

import type { PlanOrigin } from "./proxy-plan.js";

export type CommandPlan =
  | { readonly kind: "shell"; readonly command: string }
  | { readonly kind: "exec"; readonly argv: readonly string[] };

export interface ProbePlan {
  readonly check:
    | {
        readonly kind: "http";
        readonly path: string;
        readonly port?: number;
        readonly statuses: readonly [number, number];
      }
    | { readonly kind: "tcp"; readonly port?: number }
    | { readonly kind: "command"; readonly command: CommandPlan };
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export interface ServiceProcessPlan {
  readonly service: string;
  /** Counts up when `hash` changes. */
  readonly revision: number;
  /** Of everything that needs a new process when it changes (commands, cwd, env), not of replicas, probes, drain. */
  readonly hash: string;
  /** Absolute. */
  readonly cwd: string;
  readonly build?: CommandPlan;
  readonly setup?: CommandPlan;
  readonly run: CommandPlan;
  /** Complete but for PORT, HOST and TUSK_INSTANCE, which the driver adds to each instance. */
  readonly env: Readonly<Record<string, string>>;
  /** Names in `env` whose values are addresses of callees picked at start (mesh switched off): service name by variable. */
  readonly directUrls: Readonly<Record<string, string>>;
  readonly replicas: number;
  /** Services with at least one ready instance before this one starts. */
  readonly startAfter: readonly string[];
  /** Absent (health checks switched off): running means ready. */
  readonly probes?: {
    readonly startup: ProbePlan;
    readonly startupLimitMs: number;
    readonly liveness?: ProbePlan;
    readonly readiness: ProbePlan;
  };
  readonly drainMs: number;
  readonly stopGraceMs: number;
  readonly origin?: PlanOrigin;
}

export interface ProcessPlan {
  readonly format: 1;
  readonly app: string;
  readonly services: readonly ServiceProcessPlan[];
}

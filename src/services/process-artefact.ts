// What makes generated code runnable as processes on this machine: its environment in place, and the commands. It is
// what the orchestrator can be told to run; whether and how often is not decided here.
import { join } from "node:path";
import type { CommandPlan } from "../plan/process-plan.js";
import { ensurePythonEnvironment, type PythonEnvironmentOptions } from "./python-environment.js";

export interface CodeFolder {
  /** Absolute. Holds `requirements.txt`, every package pinned, and the package `app`. */
  readonly folder: string;
}

export interface ProcessArtefact {
  readonly kind: "process";
  readonly run: CommandPlan;
  /** Creates or migrates the service's tables; safe to run again. */
  readonly setup: CommandPlan;
  /** Beside what the service is given by its spec. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute; shared by every service with the same packages, so nothing may be installed into it. */
  readonly environmentFolder: string;
  readonly health: ServiceProbePaths;
  /** The environment was in the cache already. */
  readonly reusedEnvironment: boolean;
}

export interface ServiceProbePaths {
  readonly liveness: string;
  readonly readiness: string;
}

export const servicePaths: ServiceProbePaths = { liveness: "/healthz", readiness: "/readyz" };

/** Throws what `ensurePythonEnvironment` throws. */
export async function createProcessArtefact(
  code: CodeFolder,
  options: PythonEnvironmentOptions = {},
): Promise<ProcessArtefact> {
  const environment = await ensurePythonEnvironment(join(code.folder, "requirements.txt"), options);
  return {
    kind: "process",
    ...pythonCommands(environment.python),
    // Output goes to a file, where Python would keep the last lines back.
    env: { PYTHONUNBUFFERED: "1" },
    cwd: code.folder,
    environmentFolder: environment.folder,
    health: servicePaths,
    reusedEnvironment: environment.reused,
  };
}

/** `python` is the interpreter of an environment: absolute, or relative to the service's folder. */
export function pythonCommands(python: string): { readonly run: CommandPlan; readonly setup: CommandPlan } {
  return {
    run: { kind: "exec", argv: [python, "-m", "app"] },
    setup: { kind: "exec", argv: [python, "-m", "app.migrate"] },
  };
}

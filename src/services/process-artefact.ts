// What makes generated code runnable as processes on this machine: its environment in place, and the command. It is
// what the orchestrator can be told to run; whether and how often is not decided here.
import { join } from "node:path";
import type { CommandPlan } from "../plan/process-plan.js";
import { ensurePythonEnvironment, type PythonEnvironmentOptions } from "./python-environment.js";
import type { CreatedCode, ServiceManifest } from "./service-code.js";

export interface ProcessArtefact {
  readonly kind: "process";
  readonly run: CommandPlan;
  /** Beside what the service is given by its spec. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute; shared by every service with the same packages, so nothing may be installed into it. */
  readonly environmentFolder: string;
  /** Paths of the HTTP probes. */
  readonly health: { readonly liveness: string; readonly readiness: string };
  /** The environment was in the cache already. */
  readonly reusedEnvironment: boolean;
}

/** What of the created code is needed to run it. */
export type RunnableCode = Pick<CreatedCode, "folder" | "manifest">;

/** Throws ENVIRONMENT_FAILED, NOT_FOUND when the lock file is gone, INTERRUPTED when aborted. */
export async function createProcessArtefact(
  code: RunnableCode,
  options: PythonEnvironmentOptions = {},
): Promise<ProcessArtefact> {
  const { folder, manifest } = code;
  const environment = await ensurePythonEnvironment(join(folder, manifest.requirementsFile), options);
  return {
    kind: "process",
    run: pythonCommand(environment.python, manifest),
    // Output goes to a file, where Python would keep the last lines back.
    env: { PYTHONUNBUFFERED: "1" },
    cwd: folder,
    environmentFolder: environment.folder,
    health: { liveness: manifest.healthPath, readiness: manifest.readyPath },
    reusedEnvironment: environment.reused,
  };
}

/** `python` is absolute, or relative to the service's folder. */
export function pythonCommand(python: string, manifest: ServiceManifest): CommandPlan & { readonly kind: "exec" } {
  return { kind: "exec", argv: [python, ...manifest.runArguments] };
}

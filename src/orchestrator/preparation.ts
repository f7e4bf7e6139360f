// A service's build and setup commands, once per revision before its first instance: build, then setup.
// Their output goes to `<service>.setup.log`. Ended together with everything that they started when no longer wanted.
import { readFileSync } from "node:fs";
import type { Clock } from "../base/clock.js";
import type { CommandPlan, ServiceProcessPlan } from "../plan/process-plan.js";
import type { ProcessTable } from "../system/process-table.js";
import { clearTag } from "./clearing.js";
import { createTag, instanceVariable, stateFolderVariable } from "./instance-tag.js";
import { exitText } from "./life.js";
import { spawnCommand } from "./spawn-instance.js";

export interface PreparationOptions {
  readonly plan: ServiceProcessPlan;
  readonly appKey: string;
  readonly stateFolder: string;
  readonly logFile: string;
  readonly table: ProcessTable;
  readonly clock: Clock;
}

export type PreparationResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly step: "build" | "setup"; readonly reason: string };

/** How much of the output a failure's reason shows. */
const lastLines = 5;
const cancelGraceMs = 2000;

export class Preparation {
  readonly tag: string;
  readonly #options: PreparationOptions;
  #cancelled = false;

  constructor(options: PreparationOptions) {
    this.#options = options;
    this.tag = createTag(options.appKey, `${options.plan.service}.setup`);
  }

  get hash(): string {
    return this.#options.plan.hash;
  }

  /** Null when it was cancelled. */
  async run(): Promise<PreparationResult | null> {
    const { build, setup, service } = this.#options.plan;
    for (const [step, command] of [["build", build] as const, ["setup", setup] as const]) {
      if (this.#cancelled) return null;
      if (!command) continue;
      const failure = await this.#runCommand(command);
      if (this.#cancelled) return null;
      if (failure !== null) return { ok: false, step, reason: `the ${step} command of ${service} ${failure}` };
    }
    return { ok: true };
  }

  /** Resolves when nothing of it is left. */
  async cancel(): Promise<void> {
    this.#cancelled = true;
    const { table, clock } = this.#options;
    await clearTag({ tag: this.tag, table, clock, graceMs: cancelGraceMs });
  }

  #runCommand(command: CommandPlan): Promise<string | null> {
    const { plan, logFile, stateFolder } = this.#options;
    const env = { ...plan.env, [instanceVariable]: this.tag, [stateFolderVariable]: stateFolder };
    return new Promise((resolve) => {
      const child = spawnCommand({ command, cwd: plan.cwd, env, logFile }, ({ reason }) =>
        resolve(`could not be started: ${reason}`),
      );
      child?.once("exit", (code, signal) => resolve(code === 0 ? null : this.#describe({ code, signal })));
    });
  }

  #describe(end: { readonly code: number | null; readonly signal: string | null }): string {
    const text = exitText({ ...end, unknown: false, at: "" });
    const said = tail(this.#options.logFile, lastLines);
    return said === "" ? text : `${text}: ${said}`;
  }
}

function tail(path: string, count: number): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // The reason then comes without the output; the file's own absence is no more interesting than the failure.
    return "";
  }
  const lines = text.slice(-8192).trimEnd().split("\n");
  return lines.slice(-count).join(" | ").slice(-600);
}

// Makes everything that drivers run from the desired spec: reads env files, leases the ports of the mesh, counts
// revisions, and calls the pure compilers. The same desired spec gives the same plans.
import { type Problem, TuskError } from "../base/errors.js";
import { compileListeners } from "../compile/listeners.js";
import { neededPorts } from "../compile/needed-ports.js";
import { compileProcessPlan } from "../compile/process-plan.js";
import { compileProxyPlan } from "../compile/proxy-plan.js";
import type { TlsFiles } from "../compile/tls-files.js";
import type { ListenRequest } from "../keeper/protocol.js";
import type { AppSpec } from "../model/app-spec.js";
import { validateSpec } from "../model/check-spec.js";
import { isBuilt } from "../model/not-built-yet.js";
import { resolveSettings } from "../model/resolve-settings.js";
import type { SettingName, Settings } from "../model/settings.js";
import type { PortLeases } from "../orchestrator/port-leases.js";
import type { ProcessPlan } from "../plan/process-plan.js";
import type { ProxyPlan } from "../plan/proxy-plan.js";
import type { AppFolder } from "../system/app-folder.js";
import type { SettingStatus } from "./control-plane.js";
import { type DesiredSpec, type Revisions, readRevisions, writeRevisions } from "./desired-spec.js";
import { readEnvFiles } from "./env-files.js";
import type { TlsMaterial } from "./tls-material.js";

export interface Plans {
  readonly settings: Settings;
  readonly processPlan: ProcessPlan;
  readonly listeners: readonly ListenRequest[];
  /** Of proxy workers. */
  readonly workerCount: number;
  readonly proxyPlan: ProxyPlan;
  readonly revisions: Revisions;
  /** That the proxy plan names. */
  readonly tlsFiles: TlsFiles;
}

export interface PlanMakerOptions {
  readonly folder: AppFolder;
  readonly leases: PortLeases;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly codeSettings: Partial<Settings>;
  readonly tlsMaterial: TlsMaterial;
}

export class PlanMaker {
  readonly #options: PlanMakerOptions;
  #revisions: Revisions;

  constructor(options: PlanMakerOptions) {
    this.#options = options;
    this.#revisions = readRevisions(options.folder);
  }

  /** Throws SPEC_INVALID with every problem. Leases the mesh's ports; a lease that exists stays as it is. */
  async make(desired: DesiredSpec, external: readonly string[] = []): Promise<Plans> {
    const { folder, environment } = this.#options;
    const { spec, provenance, allowUnknownCalls } = desired;
    const resolved = this.#resolve(spec);
    const invalid = [...resolved.problems, ...validateSpec(spec, { allowUnknownCalls })];
    if (invalid.length > 0) throw invalidSpec(invalid);
    const { settings } = resolved;
    const ports = this.#leasePorts(spec, settings);
    const files = await readEnvFiles(spec, provenance, folder.root);
    const compiled = compileProcessPlan({
      spec,
      provenance,
      settings,
      appFolder: folder.root,
      ports,
      environment,
      envFiles: files.variables,
      revisions: this.#revisions,
    });
    const material = await this.#options.tlsMaterial.read(spec, provenance);
    const problems = [...files.problems, ...material.problems, ...compiled.problems];
    if (problems.length > 0) throw invalidSpec(problems);
    return {
      settings,
      processPlan: compiled.plan,
      revisions: compiled.revisions,
      listeners: compileListeners({ spec, settings, ports }),
      workerCount: spec.gateway.workers ?? 1,
      proxyPlan: compileProxyPlan({ spec, provenance, settings, version: 0, external, tlsFiles: material.files }),
      tlsFiles: material.files,
    };
  }

  /** From now on these are the revisions that later plans count from. */
  commit(plans: Plans): void {
    if (JSON.stringify(plans.revisions) === JSON.stringify(this.#revisions)) return;
    this.#revisions = plans.revisions;
    writeRevisions(this.#options.folder, plans.revisions);
  }

  /** Gives back the mesh's ports, and forgets the keys, that these plans do not use. */
  releaseUnused(plans: Plans): void {
    const { leases, tlsMaterial } = this.#options;
    tlsMaterial.prune(plans.tlsFiles);
    const used = new Set(plans.listeners.map((listener) => listener.name));
    for (const key of leases.all().keys()) {
      if ((key.startsWith("edge/") || key.startsWith("egress/")) && !used.has(key)) leases.release(key);
    }
  }

  settingStatuses(spec: AppSpec): SettingStatus[] {
    const { settings, sources } = this.#resolve(spec);
    return (Object.keys(settings) as SettingName[]).map((name) => ({
      name,
      value: settings[name],
      source: sources[name],
      built: isBuilt(name),
    }));
  }

  #resolve(spec: AppSpec): ReturnType<typeof resolveSettings> {
    const { environment, codeSettings } = this.#options;
    return resolveSettings({ spec: spec.settings, environment, code: { ...codeSettings } });
  }

  #leasePorts(spec: AppSpec, settings: Settings): Record<string, number> {
    const keys = neededPorts(spec, settings).filter((key) => !key.startsWith("instance/"));
    return Object.fromEntries(keys.map((key) => [key, this.#options.leases.lease(key)]));
  }
}

function invalidSpec(problems: readonly Problem[]): TuskError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new TuskError("SPEC_INVALID", `the app spec has ${count}`, { problems });
}

// Spec -> what the process driver runs: commands, environment, probes and revisions of every service.
import type { Problem } from "../base/errors.js";
import { contentHash } from "../base/hash.js";
import type { AppSpec, HealthSpec, ProbeSpec, Provenance, ServiceSpec } from "../model/app-spec.js";
import { placeOf } from "../model/provenance.js";
import { resolveEnvironment } from "../model/resolve-environment.js";
import type { Settings } from "../model/settings.js";
import type { ProbePlan, ProcessPlan, ServiceProcessPlan } from "../plan/process-plan.js";
import type { PlanOrigin } from "../plan/proxy-plan.js";
import { joinFolder } from "./join-folder.js";
import type { Ports } from "./needed-ports.js";
import { originOf } from "./origin.js";
import { directUrls, inheritedVariables, meshVariables, type Variables } from "./program-environment.js";

/** As a kubelet sees them: anything that is no error. */
const defaultStatuses = [200, 399] as const;

export type Revisions = Readonly<Record<string, { readonly revision: number; readonly hash: string }>>;

export interface ProcessPlanInput {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  readonly settings: Settings;
  /** Absolute path of the folder that service paths are relative to. */
  readonly appFolder: string;
  /** Leased ports; those of the mesh are read. */
  readonly ports: Ports;
  /** The environment to inherit, as of `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What each service's .env files say together, by service. */
  readonly envFiles: Readonly<Record<string, Variables>>;
  /** As returned the last time; kept for services that are gone, so that their numbers go on when they come back. */
  readonly revisions: Revisions;
}

export interface ProcessPlanResult {
  /** To be run only when there are no problems. */
  readonly plan: ProcessPlan;
  /** Variables that `env` refers to and nobody sets. */
  readonly problems: readonly Problem[];
  readonly revisions: Revisions;
}

export function compileProcessPlan(input: ProcessPlanInput): ProcessPlanResult {
  const compiled = input.spec.services.map((service) => compileService(service, input));
  const services = compiled.flatMap(({ plan }) => plan ?? []);
  return {
    plan: { format: 1, app: input.spec.name, services },
    problems: compiled.flatMap(({ problems }) => problems),
    revisions: {
      ...input.revisions,
      ...Object.fromEntries(services.map(({ service, revision, hash }) => [service, { revision, hash }])),
    },
  };
}

interface CompiledService {
  readonly plan: ServiceProcessPlan | null;
  readonly problems: readonly Problem[];
}

function compileService(service: ServiceSpec, input: ProcessPlanInput): CompiledService {
  const { name, build, setup, run } = service;
  const origin = originOf(input.provenance, `services.${name}`);
  if (run === undefined) return { plan: null, problems: [withoutRun(name, origin)] };
  const cwd = joinFolder(input.appFolder, service.path);
  const environment = compileEnvironment(service, input);
  const hash = contentHash({ cwd, build, setup, run, env: environment.own });
  const plan: ServiceProcessPlan = {
    service: name,
    revision: revisionOf(name, hash, input.revisions),
    hash,
    cwd,
    ...(build === undefined ? {} : { build }),
    ...(setup === undefined ? {} : { setup }),
    run,
    env: environment.all,
    directUrls: directUrls(service, input.settings),
    replicas: service.replicas,
    startAfter: service.startAfter,
    ...(input.settings.HEALTH_CHECK_ENABLED ? { probes: compileProbes(service.health) } : {}),
    drainMs: service.drainMs,
    stopGraceMs: service.stopGraceMs,
    origin,
  };
  return { plan, problems: environment.problems };
}

function withoutRun(name: string, { file, line }: PlanOrigin): Problem {
  return {
    path: `services.${name}`,
    message: `service \`${name}\` has no \`run\``,
    hint: "add the command that starts it, `run: ...`",
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
  };
}

interface CompiledEnvironment {
  /** What a program is given. */
  readonly all: Variables;
  /** What of it the spec decides. Enters the hash, and the inherited environment does not: another shell restarts nothing. */
  readonly own: unknown;
  readonly problems: readonly Problem[];
}

/** Later wins: inherited, .env files, `env`, mesh. */
function compileEnvironment(service: ServiceSpec, input: ProcessPlanInput): CompiledEnvironment {
  const { spec, settings, ports, provenance } = input;
  const files = Object.hasOwn(input.envFiles, service.name) ? (input.envFiles[service.name] ?? {}) : {};
  const path = `services.${service.name}.env`;
  const env = resolveEnvironment({ env: service.env, files, process: input.environment, path });
  const mesh = meshVariables({ spec, service, settings, ports });
  return {
    all: { ...inheritedVariables(input.environment), ...files, ...env.values, ...mesh },
    own: { files, templates: service.env, mesh, direct: directUrls(service, settings) },
    problems: env.problems.map((problem) => ({ ...problem, ...placeOf(provenance, problem.path) })),
  };
}

function revisionOf(service: string, hash: string, revisions: Revisions): number {
  const last = Object.hasOwn(revisions, service) ? revisions[service] : undefined;
  if (last === undefined) return 1;
  return last.hash === hash ? last.revision : last.revision + 1;
}

function compileProbes(health: HealthSpec): NonNullable<ServiceProcessPlan["probes"]> {
  return {
    startup: compileProbe(health.startup),
    startupLimitMs: health.startupLimitMs,
    ...(health.liveness === undefined ? {} : { liveness: compileProbe(health.liveness) }),
    readiness: compileProbe(health.readiness),
  };
}

function compileProbe(probe: ProbeSpec): ProbePlan {
  if (probe.check.kind !== "http") return { ...probe, check: probe.check };
  return { ...probe, check: { ...probe.check, statuses: probe.check.statuses ?? defaultStatuses } };
}

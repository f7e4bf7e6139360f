// A service made from a few words about it: its code in the app's folder, its environment, and the entry that runs it.
import { existsSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { TuskError } from "../base/errors.js";
import type { ServiceArchitecture } from "../fujsen/service-architecture.js";
import type { ServiceRequirements } from "../fujsen/service-requirements.js";
import type { AppSpec } from "../model/app-spec.js";
import { createServiceCode } from "../services/create-service-code.js";
import { linkEnvironment } from "../services/environment-link.js";
import { createProcessArtefact, type ProcessArtefact } from "../services/process-artefact.js";
import { pluralOf, resourceOf } from "../services/resource-name.js";
import type { CreatedCode } from "../services/service-code.js";
import type { ServiceInput } from "./given.js";
import { decideOn } from "./intelligence.js";
import type { TuskMicroservices } from "./platform.js";

export interface ServiceCode extends CreatedCode {
  readonly config: ServiceInput;
  /** Absolute, of the app. */
  readonly appFolder: string;
  /** The outermost folder that this call made, absolute; null when the service's own was there. */
  readonly madeFolder: string | null;
  readonly requirements: ServiceRequirements;
  readonly architecture: ServiceArchitecture;
}

export interface ServiceArtefact {
  /** Runs as processes of this machine. */
  readonly kind: "process";
  /** What to deploy. */
  readonly entry: ServiceInput;
  readonly process: ProcessArtefact;
}

/** Where a service that is made from a template serves its collection: `user-service` -> `/users`. */
export function collectionPathOf(service: string): string {
  return `/${pluralOf(resourceOf(service))}`;
}

/** Dependencies of services that are being created, by name, for each platform. */
const announced = new WeakMap<object, Map<string, readonly string[]>>();

/** Tells those that are created at the same time what this one is: how it is called depends on it. */
export function announce(key: object, config: ServiceInput): void {
  const { name, dependencies = [] } = (config ?? {}) as Partial<ServiceInput>;
  if (typeof name !== "string" || !Array.isArray(dependencies)) return;
  const known = announced.get(key) ?? new Map<string, readonly string[]>();
  announced.set(key, known.set(name, dependencies));
}

export async function createCode(config: ServiceInput, platform: TuskMicroservices, key: object): Promise<ServiceCode> {
  const { name, language, framework, dependencies = [], calls = [], replicas } = config;
  if (language === undefined || framework === undefined) {
    throw new TuskError("SPEC_INVALID", `${name} has neither \`run\` nor a language and framework to create it from`);
  }
  const { spec } = await platform.control.spec();
  const facts = { name, language, framework, dependencies, calls, collectionPath: collectionPathOf(name), replicas };
  const planned = decideOn(platform.intelligence, (fujsen) => {
    const requirements = fujsen.analyzeServiceRequirements(facts);
    return { requirements, architecture: fujsen.generateServiceArchitecture(requirements) };
  });
  const appFolder = platform.folder.root;
  const folder = resolve(appFolder, config.path ?? join("services", name));
  const madeFolder = existsSync(folder) ? null : outermostMissing(folder);
  const callees = calls.map((callee) => ({ name: callee, dependencies: dependenciesOf(callee, spec, key) }));
  const code = createServiceCode({ name, language, framework, dependencies, calls: callees }, { folder });
  return { ...code, config, appFolder, madeFolder, ...planned };
}

function dependenciesOf(name: string, spec: AppSpec, key: object): readonly string[] {
  return announced.get(key)?.get(name) ?? spec.services.find((service) => service.name === name)?.dependencies ?? [];
}

export async function createArtefact(code: ServiceCode): Promise<ServiceArtefact> {
  const { config, folder, appFolder } = code;
  const artefact = await createProcessArtefact(code);
  // For editors; the service itself runs from the cache, so that other packages are another revision.
  linkEnvironment(folder, artefact.environmentFolder);
  const { liveness, readiness } = artefact.health;
  const entry: ServiceInput = {
    ...config,
    path: `./${relative(appFolder, folder)}`,
    run: artefact.run.kind === "exec" ? [...artefact.run.argv] : artefact.run.command,
    env: { ...artefact.env, ...config.env },
    health: config.health ?? { liveness: { http: liveness }, readiness: { http: readiness } },
  };
  return { kind: "process", entry, process: artefact };
}

/** What the call wrote goes; what was there before stays. */
export async function removeCode({ folder, madeFolder, written }: ServiceCode): Promise<void> {
  if (madeFolder !== null) {
    await rm(folder, { recursive: true, force: true });
    await removeEmpty(dirname(folder), madeFolder);
  } else for (const path of written) await rm(join(folder, path), { force: true });
}

function outermostMissing(folder: string): string {
  const parent = dirname(folder);
  return parent === folder || existsSync(parent) ? folder : outermostMissing(parent);
}

/** From `folder` up to `outermost`, as long as they are empty: another service may have come into one of them. */
async function removeEmpty(folder: string, outermost: string): Promise<void> {
  for (let at = folder; at.length >= outermost.length; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      if (["ENOTEMPTY", "EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) return;
      throw error;
    }
  }
}

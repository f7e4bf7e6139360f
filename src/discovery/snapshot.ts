// The external part of a registry as plain JSON and back, so that registrations survive a restart of the controller.
// Reads and writes no file itself. What it reads was on disk: it is checked like input from outside.
import type { Problem } from "../base/errors.js";
import type { StorableRegistry } from "./create-registry.js";
import type { NamedRegistration, StoredRegistration } from "./external.js";
import { validateRegistration } from "./registration.js";
import type { HealthState } from "./registry.js";

export interface RegistrySnapshot {
  readonly format: 1;
  readonly instances: readonly StoredRegistration[];
}

export function snapshot(registry: Pick<StorableRegistry, "stored">): RegistrySnapshot {
  return { format: 1, instances: registry.stored() };
}

/** Restores every entry that is whole and returns what is wrong with the others; undefined (no file) restores nothing. */
export function restore(registry: Pick<StorableRegistry, "restore">, value: unknown): readonly Problem[] {
  if (value === undefined) return [];
  const { entries, problems } = parseSnapshot(value);
  registry.restore(entries);
  return problems;
}

function parseSnapshot(value: unknown): { entries: readonly StoredRegistration[]; problems: readonly Problem[] } {
  const { format, instances } = isObject(value) ? (value as Partial<RegistrySnapshot>) : {};
  if (format !== 1 || !Array.isArray(instances)) {
    return { entries: [], problems: [{ path: "", message: "is not a registry snapshot of format 1" }] };
  }
  const entries: StoredRegistration[] = [];
  const problems: Problem[] = [];
  instances.forEach((entry: unknown, position) => {
    const found = validateEntry(entry, `instances[${position}]`);
    if (found.length === 0) entries.push(entry as StoredRegistration);
    problems.push(...found);
  });
  return { entries, problems };
}

const states: readonly HealthState[] = ["starting", "passing", "warning", "critical"];

function validateEntry(entry: unknown, path: string): readonly Problem[] {
  if (!isObject(entry)) return [{ path, message: "must be an object" }];
  const { registration, epoch, registeredAt, state, reason } = entry as Partial<StoredRegistration>;
  const problems = validateRegistration(registration).map((problem) => ({
    ...problem,
    path: `${path}.registration${problem.path === "" ? "" : `.${problem.path}`}`,
  }));
  const wholeTexts = [epoch, registeredAt, reason].every((text) => typeof text === "string" && text !== "");
  if (!wholeTexts || !states.includes(state as HealthState)) problems.push({ path, message: "is not whole" });
  if ((registration as Partial<NamedRegistration> | undefined)?.id === undefined) {
    problems.push({ path: `${path}.registration.id`, message: "must be there" });
  }
  return problems;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

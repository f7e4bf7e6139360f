// Where each entry of a normalised spec was written. Computed once per parse, read by `explain` and by problems that
// show up later.
import type { Provenance, SourcePlace } from "./app-spec.js";
import { type IsSound, writtenListeners, writtenRoutes } from "./file-outline.js";
import { isRecord, type SpecPath, valueAt } from "./spec-path.js";

/** Keys whose normalised name is another than the written one. */
const renamed: Readonly<Record<string, string>> = {
  stopGrace: "stopGraceMs",
  drain: "drainMs",
  latency: "latencyMs",
  timeout: "requestTimeoutMs",
  attemptTimeout: "attemptTimeoutMs",
  startupLimit: "startupLimitMs",
  slowStart: "slowStartMs",
  tunnelIdle: "tunnelIdleMs",
};

/** Service fields whose members have places of their own. */
const withMembers = new Set(["env", "health", "slo", "traffic", "calls", "callTraffic", "startAfter", "envFiles"]);

export type LocateKey = (path: SpecPath) => SourcePlace;

export function findProvenance(file: unknown, locate: LocateKey): Provenance {
  const isSound: IsSound = () => true;
  const places: Record<string, SourcePlace> = { name: locate(["name"]) };
  for (const key of memberKeys(file, ["settings"])) places[`settings.${key}`] = locate(["settings", key]);
  for (const index of memberKeys(file, ["services"])) addService(places, file, ["services", index], locate);
  for (const key of ["workers", "accessLog"]) {
    if (valueAt(file, ["gateway", key]) !== undefined) places[`gateway.${key}`] = locate(["gateway", key]);
  }
  for (const { spec, path } of writtenListeners(file, isSound)) places[`gateway.listeners.${spec.name}`] = locate(path);
  for (const { spec, path } of writtenRoutes(file, isSound)) places[`gateway.routes.${spec.name}`] = locate(path);
  return places;
}

function addService(places: Record<string, SourcePlace>, file: unknown, path: SpecPath, locate: LocateKey): void {
  const base = `services.${String(valueAt(file, [...path, "name"]))}`;
  places[base] = locate(path);
  for (const key of memberKeys(file, path)) {
    const at = `${base}.${normalisedKey(key)}`;
    places[at] = locate([...path, key]);
    if (!withMembers.has(String(key))) continue;
    for (const member of memberKeys(file, [...path, key])) {
      // Names of variables and of services are the user's own.
      const name = key === "env" || key === "callTraffic" ? String(member) : normalisedKey(member);
      const suffix = typeof member === "number" ? `[${member}]` : `.${name}`;
      places[at + suffix] = locate([...path, key, member]);
    }
  }
}

function normalisedKey(key: string | number): string {
  return (Object.hasOwn(renamed, key) ? renamed[key] : undefined) ?? String(key);
}

function memberKeys(file: unknown, path: SpecPath): (string | number)[] {
  const value = valueAt(file, path);
  if (Array.isArray(value)) return value.map((_, index) => index);
  return isRecord(value) ? Object.keys(value) : [];
}

/** The place of an entry, or of the nearest entry around it. */
export function placeOf(provenance: Provenance, path: string): SourcePlace | null {
  for (let at = path; at !== ""; at = at.replace(/[.[][^.[]*$|^[^.[]*$/, "")) {
    if (Object.hasOwn(provenance, at)) return provenance[at] ?? null;
  }
  return null;
}

// What a partly wrong file still says of the world around it: each service's folder and variables, where they were
// written soundly. So that those are checked in the same run as everything else. Pure.
import type { AppFile } from "./app-schema.js";
import type { ParsedSpec } from "./app-spec.js";
import { type IsSound, normaliseFile } from "./file-outline.js";
import { findProvenance, type LocateKey } from "./provenance.js";
import { isRecord, memberOf } from "./spec-path.js";

const kept = ["path", "env", "envFiles"] as const;

/** A spec of those services alone. `locate`: of the whole file; null when it has no text. */
export function salvage(value: unknown, isSound: IsSound, locate: LocateKey | null): ParsedSpec {
  const services: Record<string, unknown>[] = [];
  const places: number[] = [];
  const listed = memberOf(value, "services");
  for (const [index, service] of (Array.isArray(listed) ? listed : []).entries()) {
    const name = memberOf(service, "name");
    const isKnown = services.some((other) => other.name === name);
    if (!isRecord(service) || isKnown || !isSound(["services", index, "name"]) || typeof name !== "string") continue;
    const parts = kept.filter((key) => Object.hasOwn(service, key) && isSound(["services", index, key]));
    services.push({ name, run: "true", ...Object.fromEntries(parts.map((key) => [key, service[key]])) });
    places.push(index);
  }
  const file = { name: "app", services };
  // Indexes in the part are not those in the file.
  const locatePart: LocateKey | null =
    locate &&
    (([first, index, ...rest]) =>
      locate(first === "services" && typeof index === "number" ? [first, places[index] ?? index, ...rest] : []));
  return {
    spec: normaliseFile(file as unknown as AppFile),
    provenance: locatePart ? findProvenance(file, locatePart) : {},
  };
}

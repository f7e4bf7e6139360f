// Where a plan's entry comes from: the path in the normalised spec, and the line where that was written.
import type { Provenance } from "../model/app-spec.js";
import { placeOf } from "../model/provenance.js";
import type { PlanOrigin } from "../plan/proxy-plan.js";

export function originOf(provenance: Provenance, path: string): PlanOrigin {
  const place = placeOf(provenance, path);
  return place === null ? { path } : { path, file: place.file, line: place.line };
}

/** Of each of `fields`, as far as the spec sets what stands behind it: plan field -> path in the normalised spec. */
export function originsOf(
  provenance: Provenance,
  fields: Readonly<Record<string, string>>,
): { readonly origins?: Readonly<Record<string, PlanOrigin>> } {
  const origins = Object.fromEntries(
    Object.entries(fields)
      .filter(([, path]) => Object.hasOwn(provenance, path))
      .map(([field, path]) => [field, originOf(provenance, path)]),
  );
  return Object.keys(origins).length === 0 ? {} : { origins };
}

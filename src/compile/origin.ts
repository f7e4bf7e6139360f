// Where a plan's entry comes from: the path in the normalised spec, and the line where that was written.
import type { Provenance } from "../model/app-spec.js";
import { placeOf } from "../model/provenance.js";
import type { PlanOrigin } from "../plan/proxy-plan.js";

export function originOf(provenance: Provenance, path: string): PlanOrigin {
  const place = placeOf(provenance, path);
  return place === null ? { path } : { path, file: place.file, line: place.line };
}

// All checks across a spec, for a written one (through its outline) and for a normalised one that was patched.
import type { Problem } from "../base/errors.js";
import { nameHint } from "../base/nearest-name.js";
import type { AppSpec } from "./app-spec.js";
import { checkGateway } from "./check-gateway.js";
import { type CheckOptions, checkServices } from "./check-services.js";
import { isEngineName, knownEngines } from "./engines.js";
import { outlineOfSpec, type SpecOutline } from "./outline.js";
import { problemAt, type SpecProblem, toProblems } from "./problem-list.js";

export function checkOutline(outline: SpecOutline, options: CheckOptions = {}): SpecProblem[] {
  return [...checkEngine(outline), ...checkServices(outline, options), ...checkGateway(outline)];
}

/** Problems of a normalised spec, after a patch or a merge; places are those of the normalised form. */
export function validateSpec(spec: AppSpec, options: CheckOptions = {}): Problem[] {
  return toProblems(checkOutline(outlineOfSpec(spec), options), undefined, () => null);
}

function checkEngine({ engine }: SpecOutline): SpecProblem[] {
  if (engine === null || isEngineName(engine.name)) return [];
  return [problemAt(engine.path, `no engine \`${engine.name}\``, nameHint(engine.name, knownEngines()))];
}

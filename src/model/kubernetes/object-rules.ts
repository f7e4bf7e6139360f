// Rules of the Gateway API that one field's type cannot say, and which the API server enforces. What breaks one is
// refused before it is looked at any further.
import { toMs } from "../duration.js";
import { problemAt, type SpecProblem } from "../problem-list.js";
import type { SpecPath } from "../spec-path.js";
import type { GatewayObject, HttpRouteObject, RouteFilterObject, RouteRuleObject } from "./object-schemas.js";

/** The field that belongs to each type of filter. */
export const filterFields = {
  RequestHeaderModifier: "requestHeaderModifier",
  ResponseHeaderModifier: "responseHeaderModifier",
  RequestMirror: "requestMirror",
  RequestRedirect: "requestRedirect",
  URLRewrite: "urlRewrite",
  CORS: "cors",
} as const satisfies Record<string, keyof RouteFilterObject>;

export type FilterType = keyof typeof filterFields;

export const isFilterType = (type: string): type is FilterType => Object.hasOwn(filterFields, type);

export function checkGatewayObject({ spec }: GatewayObject): SpecProblem[] {
  const names = spec.listeners.map(({ name }) => name);
  return spec.listeners.flatMap((listener, index) => {
    const path = ["spec", "listeners", index];
    const again = names.indexOf(listener.name) < index;
    const problems = again ? [problemAt([...path, "name"], `the listener \`${listener.name}\` is there twice`)] : [];
    if (listener.protocol === "HTTP" && listener.tls) problems.push(problemAt([...path, "tls"], "is not for HTTP"));
    return problems;
  });
}

export function checkHttpRouteObject({ spec }: HttpRouteObject): SpecProblem[] {
  const names = (spec.rules ?? []).map(({ name }) => name);
  return (spec.rules ?? []).flatMap((rule, index) => {
    const path = ["spec", "rules", index];
    const again = rule.name !== undefined && names.indexOf(rule.name) < index;
    return [
      ...(again ? [problemAt([...path, "name"], `the rule \`${rule.name}\` is there twice`)] : []),
      ...pathValueProblems(rule, path),
      ...filterProblems(rule.filters ?? [], rule, path),
      ...(rule.backendRefs ?? []).flatMap((ref, at) => {
        const refPath = [...path, "backendRefs", at];
        const isService = (ref.kind ?? "Service") === "Service" && (ref.group ?? "") === "";
        return [
          ...(isService && ref.port === undefined ? [problemAt(refPath, "`port` is missing")] : []),
          ...filterProblems(ref.filters ?? [], rule, refPath),
        ];
      }),
      ...timeoutProblems(rule, path),
    ];
  });
}

function pathValueProblems({ matches = [] }: RouteRuleObject, path: SpecPath): SpecProblem[] {
  return matches.flatMap(({ path: match }, index) => {
    const { type = "PathPrefix", value = "/" } = match ?? {};
    if (type === "RegularExpression") return [];
    const at = [...path, "matches", index, "path", "value"];
    if (!value.startsWith("/")) return [problemAt(at, "must begin with `/`")];
    if (/\/\/|%2f|#|\/\.{1,2}(\/|$)/i.test(value)) {
      return [problemAt(at, "must not hold `//`, `/./`, `/../`, `%2F` or `#`")];
    }
    const allowed = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(value);
    return allowed ? [] : [problemAt(at, "holds a character that no URL path has", "write it as %XX")];
  });
}

function filterProblems(filters: readonly RouteFilterObject[], rule: RouteRuleObject, path: SpecPath): SpecProblem[] {
  const types = filters.map(({ type }) => type);
  const problems = filters.flatMap((filter, index) => {
    const at = [...path, "filters", index];
    return [...oneFilterProblems(filter, rule, at), ...repetition(types, index, at)];
  });
  if (types.includes("RequestRedirect") && types.includes("URLRewrite")) {
    problems.push(problemAt([...path, "filters"], "RequestRedirect and URLRewrite exclude each other"));
  }
  return problems;
}

function repetition(types: readonly string[], index: number, path: SpecPath): SpecProblem[] {
  const type = types[index] ?? "";
  if (type === "RequestMirror" || type === "ExtensionRef" || types.indexOf(type) === index) return [];
  return [problemAt(path, `the filter ${type} is there twice`)];
}

function oneFilterProblems(filter: RouteFilterObject, rule: RouteRuleObject, path: SpecPath): SpecProblem[] {
  if (!isFilterType(filter.type)) return [];
  const field = filterFields[filter.type];
  if (filter[field] === undefined) return [problemAt(path, `\`${field}\` is missing`)];
  const other = Object.values(filterFields).find((key) => key !== field && filter[key] !== undefined);
  if (other) return [problemAt([...path, other], `does not belong to a filter of type ${filter.type}`)];
  const mirror = filter.requestMirror;
  if (mirror?.percent !== undefined && mirror.fraction !== undefined) {
    return [problemAt([...path, "requestMirror"], "percent and fraction exclude each other")];
  }
  if (mirror?.fraction && mirror.fraction.numerator > (mirror.fraction.denominator ?? 100)) {
    return [problemAt([...path, "requestMirror", "fraction"], "must be at most 1")];
  }
  const edit = filter.requestRedirect?.path ?? filter.urlRewrite?.path;
  const onlyPrefixes = (rule.matches ?? []).every(({ path: match }) => (match?.type ?? "PathPrefix") === "PathPrefix");
  if (edit?.type === "ReplacePrefixMatch" && !onlyPrefixes) {
    return [problemAt([...path, field, "path"], "ReplacePrefixMatch needs matches of type PathPrefix")];
  }
  return [];
}

function timeoutProblems({ timeouts }: RouteRuleObject, path: SpecPath): SpecProblem[] {
  if (timeouts?.request === undefined || timeouts.backendRequest === undefined) return [];
  const [request = 0, attempt = 0] = [timeouts.request, timeouts.backendRequest].map((text) => toMs(text));
  if (request === 0 || attempt <= request) return [];
  return [problemAt([...path, "timeouts", "backendRequest"], "must not be longer than `request`")];
}

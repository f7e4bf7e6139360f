// HTTPRoute filters -> the plan's. What a filter asks for that is not supported is a failure, never left out: a request
// that should have been filtered must not pass without.

import { mayBeEdited } from "../../base/field-names.js";
import { isFilterType } from "../../model/kubernetes/object-rules.js";
import type { RouteFilterObject } from "../../model/kubernetes/object-schemas.js";
import type { CorsPlan, FilterPlan, HeaderEditPlan, MirrorPlan, PathEditPlan } from "../../plan/proxy-plan.js";
import type { Failure } from "./conditions.js";
import type { ObjectSet } from "./object-set.js";
import { resolveBackend } from "./references.js";

export interface CompiledFilters {
  /** Undefined: none. */
  readonly filters: FilterPlan | undefined;
  readonly unsupported: readonly Failure[];
  /** Of mirrors: the requests are served without them. */
  readonly unresolved: readonly Failure[];
  /** Of mirrors. */
  readonly clusters: readonly string[];
}

type Filter<Field extends keyof RouteFilterObject> = NonNullable<RouteFilterObject[Field]>;

/** The standard's default. */
const defaultMaxAge = 5;

export function compileFilters(
  set: ObjectSet,
  filters: readonly RouteFilterObject[] = [],
  namespace: string,
): CompiledFilters {
  const unsupported: Failure[] = [];
  const unresolved: Failure[] = [];
  const mirrors: MirrorPlan[] = [];
  let plan: FilterPlan = {};
  for (const filter of filters) {
    if (!isFilterType(filter.type)) {
      unsupported.push(notSupported(`the filter ${filter.type.slice(0, 80)} is not supported`));
      continue;
    }
    if (filter.requestMirror) {
      const mirror = toMirror(set, filter.requestMirror, namespace);
      if ("failure" in mirror) unresolved.push(mirror.failure);
      else mirrors.push(mirror.plan);
    }
    unsupported.push(...editFailures(filter));
    plan = { ...plan, ...toPlan(filter) };
  }
  if (mirrors.length > 0) plan = { ...plan, mirrors };
  const isEmpty = Object.keys(plan).length === 0;
  return {
    filters: isEmpty ? undefined : plan,
    unsupported,
    unresolved,
    clusters: mirrors.map(({ cluster }) => cluster),
  };
}

export function notSupported(message: string): Failure {
  return { reason: "UnsupportedValue", message };
}

function toPlan(filter: RouteFilterObject): FilterPlan {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, cors } = filter;
  return {
    ...(requestHeaderModifier ? { requestHeaders: toHeaderEdit(requestHeaderModifier) } : {}),
    ...(responseHeaderModifier ? { responseHeaders: toHeaderEdit(responseHeaderModifier) } : {}),
    ...(requestRedirect ? { redirect: toRedirect(requestRedirect) } : {}),
    ...(urlRewrite ? { rewrite: withPathEdit(urlRewrite) } : {}),
    ...(cors ? { cors: toCors(cors) } : {}),
  };
}

function toHeaderEdit({ set = [], add = [], remove = [] }: Filter<"requestHeaderModifier">): HeaderEditPlan {
  return { set, add, remove };
}

function editFailures({ requestHeaderModifier, responseHeaderModifier }: RouteFilterObject): Failure[] {
  return [requestHeaderModifier, responseHeaderModifier].flatMap((edit) => {
    const names = [...(edit?.set ?? []), ...(edit?.add ?? [])].map(({ name }) => name).concat(edit?.remove ?? []);
    const wrong = names.filter((name) => !mayBeEdited(name));
    return wrong.map((name) => notSupported(`a filter may not change the header ${name.slice(0, 80)}`));
  });
}

function toRedirect({ scheme, hostname, port, path, statusCode }: Filter<"requestRedirect">): FilterPlan["redirect"] {
  return {
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(port === undefined ? {} : { port }),
    ...(path ? { path: toPathEdit(path) } : {}),
    status: statusCode ?? 302,
  };
}

function withPathEdit({ hostname, path }: Filter<"urlRewrite">): NonNullable<FilterPlan["rewrite"]> {
  return { ...(hostname === undefined ? {} : { hostname }), ...(path ? { path: toPathEdit(path) } : {}) };
}

function toPathEdit(path: NonNullable<Filter<"urlRewrite">["path"]>): PathEditPlan {
  const { type } = path;
  const value = type === "ReplaceFullPath" ? path.replaceFullPath : path.replacePrefixMatch;
  return { type, value: value === "" ? "/" : value };
}

function toCors(cors: Filter<"cors">): CorsPlan {
  return {
    allowOrigins: cors.allowOrigins?.length ? cors.allowOrigins : ["*"],
    allowMethods: cors.allowMethods ?? [],
    allowHeaders: cors.allowHeaders ?? [],
    exposeHeaders: cors.exposeHeaders ?? [],
    allowCredentials: cors.allowCredentials ?? false,
    maxAgeSeconds: cors.maxAge ?? defaultMaxAge,
  };
}

function toMirror(
  set: ObjectSet,
  { backendRef, percent, fraction }: Filter<"requestMirror">,
  namespace: string,
): { readonly plan: MirrorPlan } | { readonly failure: Failure } {
  const backend = resolveBackend(set, backendRef, namespace);
  if (!backend.ok) return { failure: backend.failure };
  const share = fraction ? fraction.numerator / (fraction.denominator ?? 100) : (percent ?? 100) / 100;
  return { plan: { cluster: backend.cluster, share } };
}

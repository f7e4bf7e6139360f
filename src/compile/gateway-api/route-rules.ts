// One rule of an HTTPRoute -> its matches and the action that they share.

import { isFieldName } from "../../base/field-names.js";
import { compileRegex } from "../../base/regex/linear-regex.js";
import { toMs } from "../../model/duration.js";
import type { BackendRefObject, RouteMatchObject, RouteRuleObject } from "../../model/kubernetes/object-schemas.js";
import type { BackendPlan, FieldMatchPlan, RetryPlan, RouteAction, RouteEntry } from "../../plan/proxy-plan.js";
import type { Failure } from "./conditions.js";
import type { ObjectSet } from "./object-set.js";
import { resolveBackend } from "./references.js";
import { compileFilters, notSupported } from "./route-filters.js";

export type MatchPlan = Pick<RouteEntry, "path" | "method" | "headers" | "queryParams">;

export interface CompiledRule {
  /** With its place in the rule. */
  readonly matches: readonly { readonly match: MatchPlan; readonly index: number }[];
  readonly action: RouteAction;
  /** Some of its requests are served as the rule says. */
  readonly served: boolean;
  /** Accepted: False where no rule is served; else PartiallyInvalid. */
  readonly unsupported: readonly Failure[];
  /** ResolvedRefs: False. */
  readonly unresolved: readonly Failure[];
  /** That the action needs. */
  readonly clusters: readonly string[];
}

/** For the head of an answer where the route says nothing: as nginx. */
const defaultAttemptMs = 60_000;
const defaultRetry = { attempts: 2, statuses: [502, 503, 504], backoffMs: 25 };

export function compileRule(set: ObjectSet, rule: RouteRuleObject, namespace: string): CompiledRule {
  const matches = (rule.matches?.length ? rule.matches : [{}]).map(compileMatch);
  const filters = compileFilters(set, rule.filters, namespace);
  const backends = (rule.backendRefs ?? []).map((ref) => compileBackend(set, ref, namespace));
  const unsupported = [...matches.flatMap((match) => match.failures), ...filters.unsupported];
  const refused = filters.unsupported[0]?.message;
  const served = matches.flatMap(({ plan, failures }, index) => (failures.length > 0 ? [] : [{ match: plan, index }]));
  return {
    matches: served,
    action: {
      backends: refused === undefined ? backends.map(({ plan }) => plan) : [refusal(refused)],
      ...(filters.filters && refused === undefined ? { filters: filters.filters } : {}),
      requestTimeoutMs: toMs(rule.timeouts?.request ?? 0),
      attemptTimeoutMs: toMs(rule.timeouts?.backendRequest ?? defaultAttemptMs),
      retry: compileRetry(rule.retry),
    },
    served: served.length > 0 && refused === undefined,
    unsupported: [...unsupported, ...backends.flatMap((backend) => backend.unsupported)],
    unresolved: [...filters.unresolved, ...backends.flatMap((backend) => backend.unresolved)],
    clusters: [...filters.clusters, ...backends.flatMap((backend) => backend.clusters)],
  };
}

/** Answers every request of the rule with 500. */
function refusal(unresolved: string): BackendPlan {
  return { cluster: "none", weight: 1, unresolved };
}

interface CompiledMatch {
  readonly plan: MatchPlan;
  readonly failures: readonly Failure[];
}

function compileMatch({ path, method, headers = [], queryParams = [] }: RouteMatchObject): CompiledMatch {
  const { type = "PathPrefix", value = "/" } = path ?? {};
  const plan: MatchPlan = {
    path: { type, value },
    ...(method === undefined ? {} : { method }),
    headers: firstOfEach(headers, (name) => name.toLowerCase()).map(toFieldMatch),
    queryParams: firstOfEach(queryParams, (name) => name).map(toFieldMatch),
  };
  const wrongNames = plan.headers.filter(({ name }) => !isFieldName(name));
  return {
    plan,
    failures: [
      ...regexFailures([plan.path, ...plan.headers, ...plan.queryParams]),
      ...wrongNames.map(({ name }) => notSupported(`"${name.slice(0, 80)}" is no header name`)),
    ],
  };
}

/** The standard: of several matches of one name the first counts. */
function firstOfEach<Item extends { readonly name: string }>(
  items: readonly Item[],
  keyOf: (name: string) => string,
): Item[] {
  const seen = new Set<string>();
  return items.filter(({ name }) => {
    const key = keyOf(name);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function toFieldMatch({ type, name, value }: NonNullable<RouteMatchObject["headers"]>[number]): FieldMatchPlan {
  return type === "RegularExpression" ? { type, name, value } : { name, value };
}

function regexFailures(matches: readonly { readonly type?: string; readonly value: string }[]): Failure[] {
  return matches.flatMap(({ type, value }) => {
    const compiled = type === "RegularExpression" ? compileRegex(value) : null;
    if (!compiled || compiled.ok) return [];
    return [notSupported(`the regular expression ${value.slice(0, 80)}: ${compiled.problem}`)];
  });
}

interface CompiledBackend {
  readonly plan: BackendPlan;
  readonly unsupported: readonly Failure[];
  readonly unresolved: readonly Failure[];
  readonly clusters: readonly string[];
}

function compileBackend(set: ObjectSet, ref: BackendRefObject, namespace: string): CompiledBackend {
  const { weight = 1 } = ref;
  const backend = resolveBackend(set, ref, namespace);
  if (!backend.ok) {
    const { reason, message } = backend.failure;
    const plan = { cluster: backend.cluster, weight, unresolved: `${reason}: ${message}` };
    return { plan, unsupported: [], unresolved: [backend.failure], clusters: [] };
  }
  const filters = compileFilters(set, ref.filters, namespace);
  const [refused] = filters.unsupported;
  const base = { cluster: backend.cluster, weight };
  return {
    plan: refused
      ? { ...base, unresolved: refused.message }
      : { ...base, ...(filters.filters ? { filters: filters.filters } : {}) },
    unsupported: filters.unsupported,
    unresolved: filters.unresolved,
    clusters: [backend.cluster, ...filters.clusters],
  };
}

/** Without a word about it: only what was not sent is sent again. */
function compileRetry(retry: RouteRuleObject["retry"]): RetryPlan {
  if (!retry)
    return { attempts: defaultRetry.attempts, statuses: [], backoffMs: defaultRetry.backoffMs, unsentOnly: true };
  return {
    attempts: retry.attempts ?? defaultRetry.attempts,
    statuses: retry.codes ?? defaultRetry.statuses,
    backoffMs: retry.backoff === undefined ? defaultRetry.backoffMs : toMs(retry.backoff),
  };
}

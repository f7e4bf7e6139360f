// What is known of the traffic that services expect at the gateway, as input for the choice of routes. A first, honest
// form: what was not given or measured is null.
export interface RouteServiceInput {
  readonly name: string;
  /** Path prefixes that lead to it already. Default: none. */
  readonly paths?: readonly string[];
  /** Where it serves its collection, when its code was made from a template. Default: unknown. */
  readonly collectionPath?: string;
  /** Methods that it takes. Default: unknown. */
  readonly methods?: readonly string[];
  /** Milliseconds, 95th percentile. Default: not measured. */
  readonly p95?: number | null;
  /** Objective in milliseconds. Default: none. */
  readonly latencyMs?: number | null;
}

export interface RouteRequirement {
  readonly service: string;
  readonly path: string;
  /** Why this path. */
  readonly reason: string;
  readonly existing: boolean;
  readonly methods: readonly string[] | null;
  readonly p95: number | null;
  readonly latencyMs: number | null;
  /** Answers to GET may be kept, as far as their Cache-Control says so; null: its methods are unknown. */
  readonly cacheable: boolean | null;
}

export interface RouteAnalysis {
  readonly version: string;
  readonly requirements: readonly RouteRequirement[];
}

export const routeRequirementsVersion = "1";

export function analyzeRouteRequirements(config: { readonly services: readonly RouteServiceInput[] }): RouteAnalysis {
  return { version: routeRequirementsVersion, requirements: config.services.flatMap(requirementsOf) };
}

function requirementsOf(service: RouteServiceInput): RouteRequirement[] {
  const { name, paths = [], methods = null, p95 = null, latencyMs = null } = service;
  const common = { service: name, methods, p95, latencyMs, cacheable: methods?.includes("GET") ?? null };
  if (paths.length === 0) return [{ ...common, ...proposedPath(service), existing: false }];
  return paths.map((path) => ({ ...common, path, reason: `${path} leads to ${name} already`, existing: true }));
}

function proposedPath({ name, collectionPath }: RouteServiceInput): { path: string; reason: string } {
  if (collectionPath === undefined) return { path: `/${name}`, reason: `of ${name} nothing but its name is known` };
  return { path: collectionPath, reason: `${name} serves its collection there` };
}

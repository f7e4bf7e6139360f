// Which hosts a route serves on a listener: the intersection of both, as the Gateway API defines it.

/** Null: they have no host in common, and the route is not on that listener. Empty: every host. */
export function servedHostnames(listener: string | undefined, route: readonly string[]): readonly string[] | null {
  if (listener === undefined) return route;
  if (route.length === 0) return [listener];
  const served = route.flatMap((hostname) => intersection(listener, hostname) ?? []);
  return served.length > 0 ? [...new Set(served)] : null;
}

/** `*.example.com` stands for every name below example.com, at any depth, but not for example.com itself. */
function intersection(a: string, b: string): string | null {
  if (a === b || isBelow(a, b)) return a;
  return isBelow(b, a) ? b : null;
}

function isBelow(name: string, wildcard: string): boolean {
  return wildcard.startsWith("*.") && name.endsWith(wildcard.slice(1));
}

// Checks of listeners and routes against one another and against the services.
import { canonicalJson } from "../base/hash.js";
import type { RouteMatch } from "./app-spec.js";
import { repeatedNames, repeatedReferences, unknownNames } from "./check-services.js";
import type { ListenerOutline, Named, RouteOutline, SpecOutline } from "./outline.js";
import { problemAt, type SpecProblem } from "./problem-list.js";

export function checkGateway({ services, listeners, routes }: SpecOutline): SpecProblem[] {
  const serviceNames = new Set(services.map(({ name }) => name));
  const listenerNames = new Set(listeners.map(({ name }) => name));
  return [
    ...repeatedNames(listeners, "listener"),
    ...sharedPorts(listeners),
    ...repeatedNames(routes, "route"),
    ...routes.flatMap((route) => [
      ...unknownNames(route.backends, serviceNames, "service"),
      ...repeatedReferences(route.backends),
      ...unknownNames(route.mirrors, serviceNames, "service"),
      ...contradictingFilters(route),
      ...(listeners.length === 0 ? [] : unknownNames(route.listeners, listenerNames, "listener")),
      ...repeatedReferences(route.listeners),
      ...repeatedHeaders(route),
      ...inconsistentTimeouts(route),
    ]),
    ...conflictingMatches(routes, listenerNames),
  ];
}

/** Two listeners share a port only on the same address, for different hosts, both encrypted or both plain. */
function sharedPorts(listeners: readonly ListenerOutline[]): SpecProblem[] {
  const isEvery = (host: string): boolean => host === "0.0.0.0" || host === "::";
  return listeners.flatMap((listener, index) => {
    const holders = listeners
      .slice(0, index)
      .filter(
        ({ host, port }) =>
          port === listener.port && (host === listener.host || isEvery(host) || isEvery(listener.host)),
      );
    const problem = listener.port === 0 ? undefined : holders.map((holder) => clashOf(listener, holder)).find(Boolean);
    return problem ? [problem] : [];
  });
}

function clashOf(listener: ListenerOutline, holder: ListenerOutline): SpecProblem | null {
  const { name, host, port, hostname, isEncrypted, path } = listener;
  if (host !== holder.host || hostname === holder.hostname) {
    const message = `port ${port} is taken by listener \`${holder.name}\``;
    return problemAt(path, message, "give it another port, or another `hostname` than that one has");
  }
  if (isEncrypted === holder.isEncrypted) return null;
  const [plain, encrypted] = isEncrypted ? [holder.name, name] : [name, holder.name];
  const message = `port ${port} is encrypted for listener \`${encrypted}\` and plain for \`${plain}\``;
  return problemAt(path, message, "give one of them another port, or `tls` to both");
}

function repeatedHeaders(route: RouteOutline): SpecProblem[] {
  const repeated = (items: readonly { name: string }[]): string | undefined =>
    items.find(({ name }, index) => items.some((other, before) => before < index && other.name === name))?.name;
  return route.matches.flatMap(({ headers, queryParams }) => {
    const name = repeated(headers) ?? repeated(queryParams);
    return name === undefined
      ? []
      : [problemAt(route.entry, `\`${name}\` is matched twice in one match`, "keep one of them")];
  });
}

function contradictingFilters({ filters: { redirect, rewrite }, matches, entry }: RouteOutline): SpecProblem[] {
  const problems: SpecProblem[] = [];
  if (redirect && rewrite) problems.push(problemAt(entry, "`redirect` and `rewrite` exclude each other", "keep one"));
  const edit = redirect?.path ?? rewrite?.path;
  if (edit?.type === "ReplacePrefixMatch" && !matches.every(({ path }) => path.type === "PathPrefix")) {
    problems.push(problemAt(entry, "a prefix is replaced that the route does not match", "match a PathPrefix"));
  }
  return problems;
}

function inconsistentTimeouts({ timeouts, entry }: RouteOutline): SpecProblem[] {
  const { requestMs = 0, backendRequestMs = 0 } = timeouts;
  if (requestMs === 0 || backendRequestMs <= requestMs) return [];
  const path = [...entry, "timeouts", "backendRequest"];
  return [
    problemAt(
      path,
      "one attempt may not take longer than the whole request",
      "raise `request` or lower `backendRequest`",
    ),
  ];
}

/** The same match for the same host on the same listener: the second would never be reached. */
function conflictingMatches(routes: readonly RouteOutline[], allListeners: ReadonlySet<string>): SpecProblem[] {
  const owners = new Map<string, Named>();
  return routes.flatMap((route) =>
    route.matches.flatMap((match) => {
      const keys = matchKeys(route, match, allListeners);
      const owner = keys.map((key) => owners.get(key)).find((found) => found !== undefined);
      for (const key of keys) if (!owners.has(key)) owners.set(key, route);
      return owner ? [conflict(route, owner, match)] : [];
    }),
  );
}

/** One for every listener and hostname that the match is on. */
function matchKeys(route: RouteOutline, match: RouteMatch, allListeners: ReadonlySet<string>): string[] {
  const listeners = route.listeners.length > 0 ? route.listeners.map(({ name }) => name) : [...allListeners, ""];
  const hostnames = route.hostnames.length > 0 ? route.hostnames : [""];
  const conditions = canonicalJson({
    ...match,
    headers: sorted(match.headers),
    queryParams: sorted(match.queryParams),
  });
  return listeners.flatMap((listener) => hostnames.map((hostname) => `${listener}\n${hostname}\n${conditions}`));
}

function sorted(items: readonly { name: string; value: string }[]): { name: string; value: string }[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function conflict(route: RouteOutline, owner: Named, match: RouteMatch): SpecProblem {
  const by = owner === route ? "another match of this route" : `route \`${owner.name}\``;
  return problemAt(
    route.entry,
    `${describeMatch(match)} is matched by ${by} already`,
    "change the path, or add a method, header or hostname to one of them",
  );
}

/** `GET PathPrefix /users [x-canary: 1] [?tier=gold]` */
export function describeMatch(match: RouteMatch): string {
  const sign = (type: "RegularExpression" | undefined, exact: string): string => (type ? " ~ " : exact);
  const headers = match.headers.map(({ type, name, value }) => `[${name}${sign(type, ": ")}${value}]`);
  const queryParams = match.queryParams.map(({ type, name, value }) => `[?${name}${sign(type, "=")}${value}]`);
  const method = match.method === undefined ? [] : [match.method];
  return [...method, match.path.type, match.path.value, ...headers, ...queryParams].join(" ");
}

// Checks a plan or an endpoint table that came over a socket or from a file, by hand because it is on the way of
// every change. All problems at once, each with its place; what passes can be run without a further check.
import type { Endpoint, EndpointTable, ProxyPlan } from "../plan/proxy-plan.js";

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** A hopeless input is not described to its end. */
const mostProblems = 50;

export function validatePlan(value: unknown): Validated<ProxyPlan> {
  const check = new Check();
  const plan = check.object(value, "plan");
  if (plan) {
    check.equal(plan.format, 1, "format");
    check.count(plan.version, "version");
    check.text(plan.app, "app");
    const clusters = check.object(plan.clusters, "clusters") ?? {};
    for (const [name, cluster] of Object.entries(clusters)) checkCluster(check, cluster, name);
    checkListeners(check, plan.listeners, new Set(Object.keys(clusters)));
  }
  return check.result(value as ProxyPlan);
}

export function validateEndpoints(value: unknown): Validated<EndpointTable> {
  const check = new Check();
  const table = check.object(value, "table");
  if (table) {
    check.equal(table.format, 1, "format");
    check.count(table.version, "version");
    for (const [name, list] of Object.entries(check.object(table.clusters, "clusters") ?? {})) {
      checkEndpoints(check, list, `clusters.${name}`);
    }
  }
  return check.result(value as EndpointTable);
}

function checkEndpoints(check: Check, value: unknown, path: string): void {
  const lives = new Set<string>();
  for (const [index, item] of check.list(value, path).entries()) {
    if (!isEndpoint(item)) {
      explainEndpoint(check, item, `${path}[${index}]`);
      continue;
    }
    const life = `${item.id}@${item.epoch}`;
    if (lives.has(life)) check.add(`${path}[${index}]`, `${life} is listed twice`);
    lives.add(life);
  }
}

// Ten thousand of them are looked at in a few milliseconds, because no path is built for those that are right.
function isEndpoint(value: unknown): value is Endpoint {
  if (typeof value !== "object" || value === null) return false;
  const { id, epoch, address, port, weight, state } = value as Fields;
  return (
    isText(id) &&
    isText(epoch) &&
    isText(address) &&
    isPort(port) &&
    (weight === undefined || isAmount(weight)) &&
    (state === "ready" || state === "draining")
  );
}

function explainEndpoint(check: Check, value: unknown, path: string): void {
  const endpoint = check.object(value, path);
  if (!endpoint) return;
  check.text(endpoint.id, `${path}.id`);
  check.text(endpoint.epoch, `${path}.epoch`);
  check.text(endpoint.address, `${path}.address`);
  if (!isPort(endpoint.port)) check.add(`${path}.port`, "must be a port");
  if (endpoint.weight !== undefined) check.amount(endpoint.weight, `${path}.weight`);
  check.oneOf(endpoint.state, ["ready", "draining"], `${path}.state`);
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isAmount = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;

function checkCluster(check: Check, value: unknown, name: string): void {
  const path = `clusters.${name}`;
  const cluster = check.object(value, path);
  if (!cluster) return;
  check.equal(cluster.name, name, `${path}.name`);
  check.oneOf(cluster.loadBalancer, ["round-robin", "least-request", "first"], `${path}.loadBalancer`);
  check.amount(cluster.connectTimeoutMs, `${path}.connectTimeoutMs`);
  const budget = check.object(cluster.retryBudget, `${path}.retryBudget`);
  if (budget) {
    check.amount(budget.ratio, `${path}.retryBudget.ratio`);
    check.amount(budget.minimum, `${path}.retryBudget.minimum`);
  }
  if (cluster.builtIn !== undefined) check.equal(cluster.builtIn, true, `${path}.builtIn`);
  const outlier = cluster.outlier === undefined ? null : check.object(cluster.outlier, `${path}.outlier`);
  if (!outlier) return;
  for (const field of ["consecutiveFailures", "baseEjectionMs", "maxEjectionMs"]) {
    check.positive(outlier[field], `${path}.outlier.${field}`);
  }
}

function checkListeners(check: Check, value: unknown, clusters: ReadonlySet<string>): void {
  const names = new Set<unknown>();
  for (const [index, item] of check.list(value, "listeners").entries()) {
    const path = `listeners[${index}]`;
    const listener = check.object(item, path);
    if (!listener) continue;
    check.text(listener.name, `${path}.name`);
    if (names.has(listener.name)) check.add(`${path}.name`, `"${listener.name}" is used twice`);
    names.add(listener.name);
    for (const [at, protocol] of check.list(listener.protocols, `${path}.protocols`).entries()) {
      check.oneOf(protocol, ["http1"], `${path}.protocols[${at}]`);
    }
    checkListenerKind(check, listener, path, clusters);
  }
}

function checkListenerKind(check: Check, listener: Fields, path: string, clusters: ReadonlySet<string>): void {
  switch (listener.kind) {
    case "gateway":
      if (listener.hostname !== undefined) check.text(listener.hostname, `${path}.hostname`);
      for (const [index, route] of check.list(listener.routes, `${path}.routes`).entries()) {
        checkRoute(check, route, `${path}.routes[${index}]`, clusters);
      }
      return;
    case "edge":
      check.text(listener.caller, `${path}.caller`);
      check.text(listener.callee, `${path}.callee`);
      checkAction(check, listener.action, `${path}.action`, clusters);
      return;
    case "egress":
      check.text(listener.caller, `${path}.caller`);
      check.list(listener.known, `${path}.known`);
      for (const [name, action] of Object.entries(check.object(listener.allowed, `${path}.allowed`) ?? {})) {
        checkAction(check, action, `${path}.allowed.${name}`, clusters);
      }
      return;
    default:
      check.add(`${path}.kind`, "must be gateway, edge or egress");
  }
}

function checkRoute(check: Check, value: unknown, path: string, clusters: ReadonlySet<string>): void {
  const route = check.object(value, path);
  if (!route) return;
  check.text(route.route, `${path}.route`);
  for (const [index, name] of check.list(route.hostnames, `${path}.hostnames`).entries()) {
    check.text(name, `${path}.hostnames[${index}]`);
  }
  const match = check.object(route.path, `${path}.path`);
  if (match) {
    check.oneOf(match.type, ["Exact", "PathPrefix"], `${path}.path.type`);
    if (typeof match.value !== "string" || !match.value.startsWith("/")) {
      check.add(`${path}.path.value`, "must begin with /");
    }
  }
  if (route.method !== undefined) check.text(route.method, `${path}.method`);
  checkPairs(check, route.headers, `${path}.headers`);
  checkPairs(check, route.queryParams, `${path}.queryParams`);
  checkAction(check, route.action, `${path}.action`, clusters);
}

function checkPairs(check: Check, value: unknown, path: string): void {
  for (const [index, item] of check.list(value, path).entries()) {
    const pair = check.object(item, `${path}[${index}]`);
    if (!pair) continue;
    check.text(pair.name, `${path}[${index}].name`);
    if (typeof pair.value !== "string") check.add(`${path}[${index}].value`, "must be a string");
  }
}

function checkAction(check: Check, value: unknown, path: string, clusters: ReadonlySet<string>): void {
  const action = check.object(value, path);
  if (!action) return;
  const backends = check.list(action.backends, `${path}.backends`);
  if (backends.length === 0) check.add(`${path}.backends`, "must not be empty");
  for (const [index, item] of backends.entries()) {
    const at = `${path}.backends[${index}]`;
    const backend = check.object(item, at);
    if (!backend) continue;
    check.amount(backend.weight, `${at}.weight`);
    const name = backend.cluster;
    if (typeof name !== "string" || !clusters.has(name))
      check.add(`${at}.cluster`, `"${name}" is no cluster of this plan`);
  }
  check.amount(action.requestTimeoutMs, `${path}.requestTimeoutMs`);
  check.amount(action.attemptTimeoutMs, `${path}.attemptTimeoutMs`);
  const retry = check.object(action.retry, `${path}.retry`);
  if (!retry) return;
  check.count(retry.attempts, `${path}.retry.attempts`);
  check.amount(retry.backoffMs, `${path}.retry.backoffMs`);
  for (const [index, status] of check.list(retry.statuses, `${path}.retry.statuses`).entries()) {
    check.count(status, `${path}.retry.statuses[${index}]`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

class Check {
  readonly #problems: string[] = [];

  result<T>(value: T): Validated<T> {
    if (this.#problems.length === 0) return { ok: true, value };
    return { ok: false, problems: this.#problems };
  }

  add(path: string, message: string): void {
    if (this.#problems.length < mostProblems) this.#problems.push(`${path}: ${message}`);
  }

  object(value: unknown, path: string): Fields | null {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
    this.add(path, "must be an object");
    return null;
  }

  list(value: unknown, path: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.add(path, "must be a list");
    return [];
  }

  text(value: unknown, path: string): void {
    if (!isText(value)) this.add(path, "must be a string that is not empty");
  }

  equal(value: unknown, wanted: unknown, path: string): void {
    if (value !== wanted) this.add(path, `must be ${JSON.stringify(wanted)}`);
  }

  oneOf(value: unknown, wanted: readonly string[], path: string): void {
    if (!wanted.includes(value as string)) this.add(path, `must be one of ${wanted.join(", ")}`);
  }

  count(value: unknown, path: string): void {
    if (!Number.isSafeInteger(value) || (value as number) < 0) this.add(path, "must be a whole number, 0 or more");
  }

  amount(value: unknown, path: string): void {
    if (!isAmount(value)) this.add(path, "must be a number, 0 or more");
  }

  positive(value: unknown, path: string): void {
    if (!Number.isFinite(value) || (value as number) <= 0) this.add(path, "must be a number above 0");
  }
}

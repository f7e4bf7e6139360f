// Checks a plan or an endpoint table that came over a socket or from a file, by hand because it is on the way of
// every change. All problems at once, each with its place; what passes can be run without a further check.
import { accessLogFields } from "../base/access-log-fields.js";
import { compileRegex } from "../base/regex/linear-regex.js";
import type { Endpoint, EndpointTable, ProxyPlan } from "../plan/proxy-plan.js";
import { checkFilters } from "./filter-validation.js";
import { Check, type Fields, isAmount, isPort, isText, type Validated } from "./plan-check.js";
import { endpointsInStep, runToEnd, type Steps } from "./steps.js";

export function validatePlan(value: unknown): Validated<ProxyPlan> {
  const check = new Check();
  const plan = check.object(value, "plan");
  if (plan) {
    check.equal(plan.format, 1, "format");
    check.count(plan.version, "version");
    check.text(plan.app, "app");
    const clusters = check.object(plan.clusters, "clusters") ?? {};
    for (const [name, cluster] of Object.entries(clusters)) checkCluster(check, cluster, name);
    if (plan.accessLog !== undefined) checkAccessLog(check, plan.accessLog);
    checkListeners(check, plan.listeners, new Set(Object.keys(clusters)));
  }
  return check.result(value as ProxyPlan);
}

function checkAccessLog(check: Check, value: unknown): void {
  const log = check.object(value, "accessLog");
  if (!log) return;
  check.positive(log.sample, "accessLog.sample");
  for (const [index, field] of check.list(log.fields, "accessLog.fields").entries()) {
    check.oneOf(field, accessLogFields, `accessLog.fields[${index}]`);
  }
  if (typeof log.query !== "boolean") check.add("accessLog.query", "must be true or false");
}

export function validateEndpoints(value: unknown): Validated<EndpointTable> {
  return runToEnd(stepsToValidateEndpoints(value));
}

export function* stepsToValidateEndpoints(value: unknown): Steps<Validated<EndpointTable>> {
  const check = new Check();
  const table = check.object(value, "table");
  if (table) {
    check.equal(table.format, 1, "format");
    check.count(table.version, "version");
    for (const [name, list] of Object.entries(check.object(table.clusters, "clusters") ?? {})) {
      yield* checkEndpoints(check, list, `clusters.${name}`);
    }
  }
  return check.result(value as EndpointTable);
}

function* checkEndpoints(check: Check, value: unknown, path: string): Steps<void> {
  const lives = new Set<string>();
  for (const [index, item] of check.list(value, path).entries()) {
    if (index % endpointsInStep === endpointsInStep - 1) yield;
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
  const { id, epoch, address, port, weight, state, tags, metadata } = value as Fields;
  return (
    isText(id) &&
    isText(epoch) &&
    isText(address) &&
    isPort(port) &&
    (weight === undefined || isAmount(weight)) &&
    (tags === undefined || isTextList(tags)) &&
    (metadata === undefined || isTextMap(metadata)) &&
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
  if (endpoint.tags !== undefined && !isTextList(endpoint.tags)) check.add(`${path}.tags`, "must be a list of strings");
  if (endpoint.metadata !== undefined && !isTextMap(endpoint.metadata)) {
    check.add(`${path}.metadata`, "must be an object of strings");
  }
  check.oneOf(endpoint.state, ["ready", "draining"], `${path}.state`);
}

const balancers = ["round-robin", "random", "least-request", "peak-ewma", "ring-hash", "maglev", "first"];

function checkHashOn(check: Check, value: unknown, path: string): void {
  const hashOn = value === undefined ? null : check.object(value, path);
  if (!hashOn) return;
  check.oneOf(hashOn.kind, ["header", "cookie", "source"], `${path}.kind`);
  if (hashOn.kind !== "source") check.text(hashOn.name, `${path}.name`);
}

function checkUpstreamTls(check: Check, value: unknown, path: string): void {
  const tls = value === undefined ? null : check.object(value, path);
  if (!tls) return;
  const { serverName } = tls;
  if (typeof serverName !== "string" || !/^(?=.*[a-z])[a-z0-9.-]+$/i.test(serverName))
    check.add(`${path}.serverName`, "must be a DNS name");
  for (const field of ["ca", "clientCertificate"]) {
    const file = tls[field];
    if (file !== undefined && !isPemFile(file)) check.add(`${path}.${field}`, "must be <hash>.pem");
  }
}

const isPemFile = (file: unknown): boolean => typeof file === "string" && /^[0-9a-f]{8,64}\.pem$/.test(file);

function checkCluster(check: Check, value: unknown, name: string): void {
  const path = `clusters.${name}`;
  const cluster = check.object(value, path);
  if (!cluster) return;
  check.equal(cluster.name, name, `${path}.name`);
  check.oneOf(cluster.loadBalancer, balancers, `${path}.loadBalancer`);
  checkHashOn(check, cluster.hashOn, `${path}.hashOn`);
  if (cluster.slowStartMs !== undefined) check.amount(cluster.slowStartMs, `${path}.slowStartMs`);
  check.amount(cluster.connectTimeoutMs, `${path}.connectTimeoutMs`);
  if (cluster.protocol !== undefined) check.oneOf(cluster.protocol, ["http1"], `${path}.protocol`);
  checkUpstreamTls(check, cluster.tls, `${path}.tls`);
  const budget = check.object(cluster.retryBudget, `${path}.retryBudget`);
  if (budget) {
    check.amount(budget.ratio, `${path}.retryBudget.ratio`);
    check.amount(budget.minimum, `${path}.retryBudget.minimum`);
  }
  checkLimits(check, cluster.limits, `${path}.limits`);
  if (cluster.tunnelIdleMs !== undefined) check.amount(cluster.tunnelIdleMs, `${path}.tunnelIdleMs`);
  if (cluster.subset !== undefined) checkSubset(check, cluster.subset, `${path}.subset`);
  const zone = cluster.zone === undefined ? null : check.object(cluster.zone, `${path}.zone`);
  if (zone) {
    check.text(zone.zone, `${path}.zone.zone`);
    check.amount(zone.minimumHealthy, `${path}.zone.minimumHealthy`);
  }
  checkBreaker(check, cluster.breaker, `${path}.breaker`);
  if (cluster.builtIn !== undefined) check.equal(cluster.builtIn, true, `${path}.builtIn`);
  const outlier = cluster.outlier === undefined ? null : check.object(cluster.outlier, `${path}.outlier`);
  if (!outlier) return;
  checkOutlier(check, outlier, `${path}.outlier`);
}

function checkSubset(check: Check, value: unknown, path: string): void {
  const subset = check.object(value, path);
  if (!subset) return;
  if (!isTextList(subset.tags)) check.add(`${path}.tags`, "must be a list of strings");
  if (!isTextMap(subset.metadata)) check.add(`${path}.metadata`, "must be an object of strings");
  check.oneOf(subset.fallback, ["any", "none"], `${path}.fallback`);
}

const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");

function isTextMap(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((entry) => typeof entry === "string");
}

function checkOutlier(check: Check, outlier: Fields, path: string): void {
  for (const field of ["consecutiveFailures", "baseEjectionMs", "maxEjectionMs"]) {
    check.positive(outlier[field], `${path}.${field}`);
  }
  for (const field of ["consecutiveGatewayErrors", "intervalMs"]) {
    if (outlier[field] !== undefined) check.positive(outlier[field], `${path}.${field}`);
  }
  checkComparison(check, outlier.failurePercentage, `${path}.failurePercentage`, "threshold");
  checkComparison(check, outlier.successRate, `${path}.successRate`, "deviations");
}

function checkComparison(check: Check, value: unknown, path: string, measure: string): void {
  const comparison = value === undefined ? null : check.object(value, path);
  if (!comparison) return;
  for (const field of [measure, "minimumHosts", "minimumRequests"]) {
    check.positive(comparison[field], `${path}.${field}`);
  }
}

function checkLimits(check: Check, value: unknown, path: string): void {
  const limits = value === undefined ? null : check.object(value, path);
  if (!limits) return;
  for (const field of ["connections", "pending", "requests", "retries"]) check.count(limits[field], `${path}.${field}`);
  const adaptive = limits.adaptive === undefined ? null : check.object(limits.adaptive, `${path}.adaptive`);
  if (!adaptive) return;
  for (const field of ["min", "max", "tolerance"]) check.positive(adaptive[field], `${path}.adaptive.${field}`);
}

function checkBreaker(check: Check, value: unknown, path: string): void {
  const breaker = value === undefined ? null : check.object(value, path);
  if (!breaker) return;
  for (const field of ["failureRatio", "minimumRequests", "windowMs", "openMs", "maxOpenMs"]) {
    check.positive(breaker[field], `${path}.${field}`);
  }
  check.amount(breaker.rampMs, `${path}.rampMs`);
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
      if (listener.port !== undefined && !isPort(listener.port)) check.add(`${path}.port`, "must be a port");
      checkSections(check, listener, path);
      checkTls(check, listener, path);
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

function checkSections(check: Check, { sections, routes }: Fields, path: string): void {
  const names = new Set<unknown>();
  for (const [index, item] of sections === undefined ? [] : check.list(sections, `${path}.sections`).entries()) {
    const at = `${path}.sections[${index}]`;
    const section = check.object(item, at);
    if (!section) continue;
    check.text(section.name, `${at}.name`);
    if (names.has(section.name)) check.add(`${at}.name`, `"${section.name}" is used twice`);
    names.add(section.name);
    if (section.hostname !== undefined) check.text(section.hostname, `${at}.hostname`);
  }
  for (const [index, route] of (Array.isArray(routes) ? routes : []).entries()) {
    const section = (route as Fields | null)?.section;
    if (sections === undefined ? section !== undefined : !names.has(section)) {
      check.add(`${path}.routes[${index}].section`, "must be a section of the listener");
    }
  }
}

function checkTls(check: Check, { tls, sections }: Fields, path: string): void {
  if (tls === undefined) return;
  const names = new Set((Array.isArray(sections) ? sections : []).map((section: Fields | null) => section?.name));
  const parts = check.object(tls, `${path}.tls`);
  for (const [index, item] of (parts ? check.list(parts.certificates, `${path}.tls.certificates`) : []).entries()) {
    const at = `${path}.tls.certificates[${index}]`;
    const certificate = check.object(item, at);
    if (!certificate) continue;
    if (!names.has(certificate.section)) check.add(`${at}.section`, "must be a section of the listener");
    // A name and not a path: it is looked for in one folder only.
    const { file } = certificate;
    if (!isPemFile(file)) check.add(`${at}.file`, "must be <hash>.pem");
  }
}

function checkRoute(check: Check, value: unknown, path: string, clusters: ReadonlySet<string>): void {
  const route = check.object(value, path);
  if (!route) return;
  check.text(route.route, `${path}.route`);
  if (route.rule !== undefined) check.text(route.rule, `${path}.rule`);
  for (const [index, name] of check.list(route.hostnames, `${path}.hostnames`).entries()) {
    check.text(name, `${path}.hostnames[${index}]`);
  }
  const match = check.object(route.path, `${path}.path`);
  if (match) checkPath(check, match, `${path}.path`);
  if (route.method !== undefined) check.text(route.method, `${path}.method`);
  checkFieldMatches(check, route.headers, `${path}.headers`);
  checkFieldMatches(check, route.queryParams, `${path}.queryParams`);
  checkAction(check, route.action, `${path}.action`, clusters);
}

function checkPath(check: Check, { type, value }: Fields, path: string): void {
  check.oneOf(type, ["Exact", "PathPrefix", "RegularExpression"], `${path}.type`);
  if (type === "RegularExpression") checkRegex(check, value, `${path}.value`);
  else if (typeof value !== "string" || !value.startsWith("/")) check.add(`${path}.value`, "must begin with /");
}

function checkRegex(check: Check, value: unknown, path: string): void {
  const compiled = compileRegex(typeof value === "string" ? value : "");
  if (!compiled.ok) check.add(path, `is no regular expression that can be used: ${compiled.problem}`);
}

function checkFieldMatches(check: Check, value: unknown, path: string): void {
  for (const [index, item] of check.list(value, path).entries()) {
    const at = `${path}[${index}]`;
    const match = check.object(item, at);
    if (!match) continue;
    check.text(match.name, `${at}.name`);
    if (match.type !== undefined) check.oneOf(match.type, ["Exact", "RegularExpression"], `${at}.type`);
    if (typeof match.value !== "string") check.add(`${at}.value`, "must be a string");
    else if (match.type === "RegularExpression") checkRegex(check, match.value, `${at}.value`);
  }
}

function checkAction(check: Check, value: unknown, path: string, clusters: ReadonlySet<string>): void {
  const action = check.object(value, path);
  if (!action) return;
  checkFilters(check, action.filters, `${path}.filters`, clusters);
  for (const [index, item] of check.list(action.backends, `${path}.backends`).entries()) {
    checkBackend(check, item, `${path}.backends[${index}]`, clusters);
  }
  check.amount(action.requestTimeoutMs, `${path}.requestTimeoutMs`);
  check.amount(action.attemptTimeoutMs, `${path}.attemptTimeoutMs`);
  const hedge = action.hedge === undefined ? null : check.object(action.hedge, `${path}.hedge`);
  if (hedge) check.positive(hedge.afterMs, `${path}.hedge.afterMs`);
  checkFault(check, action.fault, `${path}.fault`);
  if (action.subset !== undefined) checkSubset(check, action.subset, `${path}.subset`);
  const retry = check.object(action.retry, `${path}.retry`);
  if (!retry) return;
  if (retry.unsentOnly !== undefined) check.equal(retry.unsentOnly, true, `${path}.retry.unsentOnly`);
  check.count(retry.attempts, `${path}.retry.attempts`);
  check.amount(retry.backoffMs, `${path}.retry.backoffMs`);
  for (const [index, status] of check.list(retry.statuses, `${path}.retry.statuses`).entries()) {
    check.count(status, `${path}.retry.statuses[${index}]`);
  }
}

function checkFault(check: Check, value: unknown, path: string): void {
  const fault = value === undefined ? null : check.object(value, path);
  if (!fault) return;
  for (const field of ["delayMs", "delayShare", "abortShare", "untilEpochMs"]) {
    check.amount(fault[field], `${path}.${field}`);
  }
  const { abortStatus } = fault;
  const isStatus = Number.isInteger(abortStatus) && (abortStatus as number) >= 400 && (abortStatus as number) <= 599;
  if (abortStatus !== 0 && !isStatus) check.add(`${path}.abortStatus`, "must be 0, or 400 to 599");
}

function checkBackend(check: Check, value: unknown, path: string, clusters: ReadonlySet<string>): void {
  const backend = check.object(value, path);
  if (!backend) return;
  check.amount(backend.weight, `${path}.weight`);
  checkFilters(check, backend.filters, `${path}.filters`, clusters);
  if (backend.unresolved !== undefined) {
    check.text(backend.unresolved, `${path}.unresolved`);
    check.text(backend.cluster, `${path}.cluster`);
    return;
  }
  check.memberOf(backend.cluster, clusters, `${path}.cluster`);
}

// The performance score: how near each service is to what it promises, from 0 to 100. docs/analysis.md explains the
// formula with an example that a test computes. Every part falls strictly as things get worse, so that more latency,
// more errors or more load never raise a score. Plain arithmetic only: the same rows give the same score everywhere.
import type { MetricsRow, Objective } from "./metrics-row.js";

export const performanceVersion = "1";

export const defaultObjective = { latencyMs: 250, percentile: 95, availability: 0.99 } as const;
/** Cores in use by one instance at which it counts as being at its limit: one thread, with a fifth in reserve. */
const fullCores = 0.8;
/** Of the worst service in the score of all: a mean alone would hide it. */
const worstShare = 0.3;

export interface AnalysisOptions {
  /** By service. */
  readonly objectives?: Readonly<Record<string, Objective>>;
}

/** Each 0 to 1; null: nothing to judge it by. */
export interface ScoreParts {
  readonly latency: number | null;
  readonly errors: number | null;
  readonly saturation: number | null;
}

export interface ServicePerformance {
  readonly service: string;
  /** 0 to 100; null with no data. */
  readonly score: number | null;
  readonly parts: ScoreParts;
  /** One sentence: what costs the most points. */
  readonly reason: string;
  readonly objective: Required<Objective>;
  readonly rows: number;
  readonly from: string;
  readonly to: string;
  readonly requests: number;
  readonly errors: number;
  /** 0 to 1; null without requests. */
  readonly errorRate: number | null;
  /** Means of the intervals' percentiles, weighted by requests; milliseconds. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Cores of one ready instance, mean over time. */
  readonly cpuPerInstance: number | null;
  /** Ready instances over wanted ones, mean over time. */
  readonly readyShare: number | null;
  /** Bytes, first and last interval. */
  readonly memory: { readonly first: number; readonly last: number } | null;
}

export interface PerformanceAnalysis {
  readonly version: string;
  /** 0 to 100; null with no data. */
  readonly score: number | null;
  readonly rows: number;
  /** Lowest score first. */
  readonly services: readonly ServicePerformance[];
}

export function analyzeMicroservicesPerformance(
  rows: readonly MetricsRow[],
  options: AnalysisOptions = {},
): PerformanceAnalysis {
  const byService = new Map<string, MetricsRow[]>();
  for (const row of rows) {
    const own = byService.get(row.serviceId);
    if (own) own.push(row);
    else byService.set(row.serviceId, [row]);
  }
  const services = [...byService]
    .map(([service, own]) => analyzeService(service, own, ownOf(options.objectives, service)))
    .sort((a, b) => (a.score ?? 101) - (b.score ?? 101) || compareText(a.service, b.service));
  return { version: performanceVersion, score: overallScore(services), rows: rows.length, services };
}

/** A service may be named like something that every object has. */
function ownOf(objectives: AnalysisOptions["objectives"], service: string): Objective {
  return objectives && Object.hasOwn(objectives, service) ? (objectives[service] ?? {}) : {};
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function overallScore(services: readonly ServicePerformance[]): number | null {
  const scored = services.flatMap(({ score, requests }) => (score === null ? [] : [{ score, weight: requests + 1 }]));
  if (scored.length === 0) return null;
  const mean = weightedMean(scored.map(({ score, weight }) => [score, weight]));
  const worst = scored.reduce((lowest, { score }) => Math.min(lowest, score), 100);
  return mean === null ? null : round((1 - worstShare) * mean + worstShare * worst);
}

function analyzeService(service: string, rows: readonly MetricsRow[], promised: Objective): ServicePerformance {
  const objective = { ...defaultObjective, ...withoutUndefined(promised) };
  const counts = countRequests(rows);
  const cpuPerInstance = weightedMean(rows.flatMap((row) => cpuOf(row)));
  const readyShare = weightedMean(rows.flatMap((row) => readyOf(row)));
  const parts: ScoreParts = {
    latency: latencyPart(rows, objective),
    errors: counts.requests > 0 ? falling(counts.errors / counts.requests / (1 - objective.availability)) : null,
    saturation: saturationPart(cpuPerInstance, readyShare),
  };
  const known = [parts.latency, parts.errors, parts.saturation].filter((part) => part !== null);
  const score = known.length === 0 ? null : round(100 * known.reduce((product, part) => product * part, 1));
  const times = rows.map((row) => row.timestamp).sort(compareText);
  const performance = {
    service,
    score,
    parts,
    objective,
    rows: rows.length,
    from: times[0] ?? "",
    to: times.at(-1) ?? "",
    ...counts,
    errorRate: counts.requests > 0 ? counts.errors / counts.requests : null,
    p50: weightedMean(rows.flatMap((row) => weighted(row, row.p50))),
    p95: weightedMean(rows.flatMap((row) => weighted(row, row.p95))),
    p99: weightedMean(rows.flatMap((row) => weighted(row, row.p99))),
    cpuPerInstance,
    readyShare,
    memory: memoryOf(rows),
  };
  return { ...performance, reason: reasonFor(performance) };
}

/** 1 at 0, three quarters at the objective (1), and on towards 0: strictly falling. */
function falling(ratio: number): number {
  return 1 / (1 + ratio / 3);
}

function latencyPart(rows: readonly MetricsRow[], { latencyMs, percentile }: Required<Objective>): number | null {
  const judged = rows.flatMap((row): Weighted[] => {
    const latency = latencyAt(row, percentile);
    if (latency === null) return [];
    const ratio = latency / latencyMs;
    return weighted(row, falling(ratio * ratio));
  });
  return weightedMean(judged);
}

/** The nearest percentile that the row has; a row without any is judged by its mean. */
function latencyAt(row: MetricsRow, percentile: number): number | null {
  const nearest = percentile <= 72 ? row.p50 : percentile <= 97 ? row.p95 : row.p99;
  return nearest ?? row.p95 ?? row.p99 ?? row.p50 ?? row.responseTime;
}

function saturationPart(cpuPerInstance: number | null, readyShare: number | null): number | null {
  if (cpuPerInstance === null && readyShare === null) return null;
  const load = (cpuPerInstance ?? 0) / fullCores;
  return falling(load * load) * (readyShare ?? 1);
}

// --- rows

type Weighted = readonly [value: number, weight: number];

const requestsOf = (row: MetricsRow): number => row.requests ?? (row.throughput ?? 0) * row.intervalSeconds;

const errorsOf = (row: MetricsRow): number => row.errors ?? (row.errorRate ?? 0) * requestsOf(row);

function weighted(row: MetricsRow, value: number | null): Weighted[] {
  // A row that has a latency and no count, as a program may store it, stands for one request.
  return value === null ? [] : [[value, requestsOf(row) > 0 ? requestsOf(row) : 1]];
}

function cpuOf(row: MetricsRow): Weighted[] {
  if (row.cpuUsage === null) return [];
  return [[row.cpuUsage / Math.max(1, row.ready ?? row.instances ?? 1), row.intervalSeconds]];
}

function readyOf({ instances, ready, intervalSeconds }: MetricsRow): Weighted[] {
  if (instances === null || ready === null || instances <= 0) return [];
  return [[Math.min(1, ready / instances), intervalSeconds]];
}

function countRequests(rows: readonly MetricsRow[]): { requests: number; errors: number } {
  let requests = 0;
  let errors = 0;
  for (const row of rows) {
    requests += requestsOf(row);
    errors += errorsOf(row);
  }
  return { requests, errors: Math.min(errors, requests) };
}

function memoryOf(rows: readonly MetricsRow[]): ServicePerformance["memory"] {
  const known = rows.filter((row) => row.memoryUsage !== null);
  let first = known[0];
  let last = known[0];
  for (const row of known) {
    if (first && row.timestamp < first.timestamp) first = row;
    if (last && row.timestamp > last.timestamp) last = row;
  }
  if (!first || !last || first.memoryUsage === null || last.memoryUsage === null) return null;
  return { first: first.memoryUsage, last: last.memoryUsage };
}

function weightedMean(values: readonly Weighted[]): number | null {
  let sum = 0;
  let weights = 0;
  for (const [value, weight] of values) {
    sum += value * weight;
    weights += weight;
  }
  return weights > 0 ? sum / weights : null;
}

// --- words

type Judged = Omit<ServicePerformance, "reason">;

function reasonFor(judged: Judged): string {
  const { parts } = judged;
  const lost = Object.entries(parts)
    .filter((entry): entry is [keyof ScoreParts, number] => entry[1] !== null)
    .sort((a, b) => a[1] - b[1]);
  const [worst] = lost;
  if (!worst) return "nothing was measured";
  if (worst[1] > 0.95) return "within its objectives";
  return sentences[worst[0]](judged);
}

const sentences: Readonly<Record<keyof ScoreParts, (judged: Judged) => string>> = {
  latency: ({ p95, objective }) =>
    `its p95 is ${show(p95)} ms, where ${objective.latencyMs} ms is the objective for the ${objective.percentile}th percentile`,
  errors: ({ errorRate, objective }) =>
    `${show(percentOf(errorRate))} % of its requests failed, where ${show(percentOf(1 - objective.availability))} % may`,
  saturation: ({ cpuPerInstance, readyShare }) =>
    readyShare !== null && readyShare < 0.95
      ? `only ${show(percentOf(readyShare))} % of its instances were ready`
      : `each instance uses ${show(cpuPerInstance)} cores, where ${fullCores} is the limit of one thread`,
};

const percentOf = (share: number | null): number | null => (share === null ? null : share * 100);
const show = (value: number | null): string => (value === null ? "?" : String(Math.round(value * 100) / 100));
/** A tenth of a point is all that the data bears. */
const round = (score: number): number => Math.round(score * 10) / 10;

function withoutUndefined(objective: Objective): Objective {
  return Object.fromEntries(Object.entries(objective).filter(([, value]) => value !== undefined));
}

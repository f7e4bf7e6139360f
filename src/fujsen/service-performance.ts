// The measurements of one service (or edge) over a period, its points and the reason for them.
import { type CleanRow, cleanRow } from "./clean-row.js";
import { LatencyMixture } from "./latency-mixture.js";
import type { Capacity, EdgeRow, MetricsRow, Objective } from "./metrics-row.js";
import { Saturation, type SaturationMeasure } from "./saturation.js";
import { combine, errorPoints, latencyPoints, rounded, type Weighted } from "./score.js";
import { type ServiceWindow, toWindows } from "./windows.js";

export interface SettledObjective {
  readonly latencyMs: number;
  readonly percentile: number;
  readonly availability: number;
  /** True when nobody declared a latency and the default is used. */
  readonly latencyAssumed: boolean;
}

export interface Measured {
  /** Requests that the rows stand for. */
  readonly requests: number;
  /** Null when no row measures errors. */
  readonly errors: number | null;
  readonly errorShare: number | null;
  /** At the objective's percentile, milliseconds. */
  readonly latencyMs: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  /** `means`: no row has percentiles, so the latency is that of the rows' means. */
  readonly latencySource: "percentiles" | "means" | "both" | null;
  /** The last that was measured. */
  readonly instances: number | null;
  /** Share of the measured time in which fewer instances were ready than there were. */
  readonly unreadyShare: number | null;
  /** How long that was, seconds. */
  readonly unreadySeconds: number | null;
  readonly memoryBytes: number | null;
}

export interface ServicePerformance {
  readonly service: string;
  /** 0 to 100; null with no data. */
  readonly score: number | null;
  /** One sentence: the part that costs most. */
  readonly reason: string;
  /** 0 to 100 each; null where nothing was measured, and then not part of the score. */
  readonly points: {
    readonly latency: number | null;
    readonly errors: number | null;
    readonly saturation: number | null;
  };
  readonly measured: Measured;
  readonly saturation: SaturationMeasure;
  readonly objective: SettledObjective;
  readonly from: string | null;
  readonly to: string | null;
  readonly rows: number;
  /** Values left out because they were no measurement. */
  readonly ignoredValues: number;
  /** The period in equal parts, oldest first; parts without rows are absent. */
  readonly windows: readonly ServiceWindow[];
}

export interface EdgePerformance {
  readonly caller: string;
  readonly callee: string;
  readonly requests: number;
  readonly errorShare: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
}

const defaults = { latencyMs: 500, percentile: 95, availability: 0.99 };
/** Of latency, errors and saturation in a service's mean. */
const weights = { latency: 0.4, errors: 0.4, saturation: 0.2 };

export function measureServices(
  rows: readonly MetricsRow[],
  { objectives = {}, capacity = {} }: { objectives?: Readonly<Record<string, Objective>>; capacity?: Capacity },
): ServicePerformance[] {
  const groups = new Map<string, CleanRow[]>();
  for (const row of rows) {
    const clean = cleanRow(row);
    const group = groups.get(row.serviceId);
    if (group) group.push(clean);
    else groups.set(row.serviceId, [clean]);
  }
  return [...groups].map(([service, group]) => {
    const declared = Object.hasOwn(objectives, service) ? objectives[service] : undefined;
    return measureService(service, group, settle(declared), capacity);
  });
}

function settle(declared: Objective = {}): SettledObjective {
  const { latencyMs, percentile, availability } = declared;
  return {
    latencyMs: latencyMs ?? defaults.latencyMs,
    percentile: percentile ?? defaults.percentile,
    availability: availability ?? defaults.availability,
    latencyAssumed: latencyMs === undefined,
  };
}

function measureService(
  service: string,
  rows: readonly CleanRow[],
  objective: SettledObjective,
  capacity: Capacity,
): ServicePerformance {
  const saturation = new Saturation(service, capacity);
  for (const row of rows) saturation.add(row);
  const measured = measure(rows, objective.percentile);
  const points = toPoints(measured, saturation.points, objective);
  const score = combine(toWeighted(points));
  const times = rows.map(({ at }) => at).filter((at) => at !== null);
  return {
    service,
    score: score === null ? null : rounded(score),
    reason: reasonFor(points, measured, saturation.measure, objective),
    points,
    measured,
    saturation: saturation.measure,
    objective,
    from: toIso(least(times)),
    to: toIso(most(times)),
    rows: rows.length,
    ignoredValues: rows.reduce((sum, { ignored }) => sum + ignored, 0),
    windows: toWindows(rows, objective.percentile),
  };
}

function measure(rows: readonly CleanRow[], percentile: number): Measured {
  const latency = new LatencyMixture();
  let [requests, counted, errors] = [0, 0, 0];
  for (const row of rows) {
    requests += row.weight;
    latency.add(row, row.weight);
    if (row.failed === null) continue;
    counted += row.weight;
    errors += row.failed;
  }
  return {
    requests: rounded(requests),
    errors: counted > 0 ? rounded(errors) : null,
    errorShare: counted > 0 ? errors / counted : null,
    latencyMs: orNull(latency.percentile(percentile)),
    p50: orNull(latency.percentile(50)),
    p99: orNull(latency.percentile(99)),
    latencySource: latency.source,
    ...measureInstances(rows),
  };
}

const orNull = (value: number | null): number | null => (value === null ? null : rounded(value, 4));

function measureInstances(
  rows: readonly CleanRow[],
): Pick<Measured, "instances" | "unreadyShare" | "unreadySeconds" | "memoryBytes"> {
  let [counted, unready] = [0, 0];
  let latest: CleanRow | null = null;
  let memory: CleanRow | null = null;
  for (const row of rows) {
    if (row.memoryUsage !== null && isLater(row, memory)) memory = row;
    if (row.instances === null) continue;
    if (isLater(row, latest)) latest = row;
    if (row.ready === null || row.instances === 0) continue;
    counted += row.intervalSeconds;
    if (row.ready < row.instances) unready += row.intervalSeconds;
  }
  return {
    instances: latest?.instances ?? null,
    unreadyShare: counted > 0 ? rounded(unready / counted, 4) : null,
    unreadySeconds: counted > 0 ? rounded(unready) : null,
    memoryBytes: memory?.memoryUsage ?? null,
  };
}

const isLater = (row: CleanRow, than: CleanRow | null): boolean => than === null || (row.at ?? 0) >= (than.at ?? 0);

type Points = ServicePerformance["points"];

function toPoints(measured: Measured, saturation: number | null, objective: SettledObjective): Points {
  const { latencyMs, errorShare } = measured;
  return {
    latency: latencyMs === null ? null : rounded(latencyPoints(latencyMs, objective.latencyMs), 4),
    errors: errorShare === null ? null : rounded(errorPoints(errorShare, objective.availability), 4),
    saturation: saturation === null ? null : rounded(saturation, 4),
  };
}

function toWeighted(points: Points): Weighted[] {
  const parts: Weighted[] = [];
  for (const part of ["latency", "errors", "saturation"] as const) {
    const value = points[part];
    if (value !== null) parts.push({ points: value, weight: weights[part] });
  }
  return parts;
}

function reasonFor(
  points: Points,
  measured: Measured,
  saturation: SaturationMeasure,
  objective: SettledObjective,
): string {
  const sentences = {
    latency: `p${objective.percentile} is ${readable(measured.latencyMs)} ms, the ${objective.latencyAssumed ? "assumed " : ""}objective ${objective.latencyMs} ms`,
    errors: `${percent(measured.errorShare)} of requests fail, ${percent(1 - objective.availability)} may`,
    saturation: `uses ${percent(saturation.use)} of its ${saturation.limit ?? "capacity"}`,
  };
  const [worst] = (["errors", "latency", "saturation"] as const)
    .filter((part) => points[part] !== null)
    .sort((left, right) => (points[left] ?? 0) - (points[right] ?? 0));
  return worst === undefined ? "nothing was measured" : sentences[worst];
}

/** 0.1234 to `12.34%`, as many digits as matter. */
export function percent(share: number | null): string {
  return share === null ? "-" : `${rounded(share * 100)}%`;
}

export function readable(value: number | null): string {
  if (value === null) return "-";
  return String(value < 10 ? rounded(value) : Math.round(value));
}

function least(times: readonly number[]): number | null {
  return times.reduce<number | null>((found, time) => (found === null || time < found ? time : found), null);
}

function most(times: readonly number[]): number | null {
  return times.reduce<number | null>((found, time) => (found === null || time > found ? time : found), null);
}

const toIso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** Most requests first. */
export function measureEdges(edges: readonly EdgeRow[]): EdgePerformance[] {
  const groups = new Map<string, { first: EdgeRow; requests: number; errors: number; latency: LatencyMixture }>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.caller, edge.callee]);
    const group = groups.get(key) ?? { first: edge, requests: 0, errors: 0, latency: new LatencyMixture() };
    groups.set(key, group);
    const requests = Math.max(0, edge.requests ?? 0);
    group.requests += requests;
    group.errors += Math.min(requests, Math.max(0, edge.errors ?? 0));
    group.latency.add({ ...edge, responseTime: null }, requests);
  }
  return [...groups.values()]
    .map(({ first, requests, errors, latency }) => ({
      caller: first.caller,
      callee: first.callee,
      requests,
      errorShare: requests > 0 ? errors / requests : null,
      p50: orNull(latency.percentile(50)),
      p95: orNull(latency.percentile(95)),
    }))
    .sort((left, right) => right.requests - left.requests);
}

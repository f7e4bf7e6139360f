// The measurements of one service over a period: all that is read of its rows, in a size that does not grow with them.
// Judged by service-performance.ts; what a decision record keeps in place of the rows.
import { type CleanRow, cleanRow } from "./clean-row.js";
import { LatencyMixture } from "./latency-mixture.js";
import type { Capacity, MetricsRow, Objective } from "./metrics-row.js";
import { Saturation, type SaturationMeasure } from "./saturation.js";
import { rounded } from "./score.js";
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

export interface ServiceMeasurement {
  readonly service: string;
  readonly measured: Measured;
  readonly saturation: SaturationMeasure;
  /** Points for the saturation of each row, averaged over time; null when none was measured. */
  readonly saturationPoints: number | null;
  readonly objective: SettledObjective;
  /** First and last timestamp, ISO 8601; null without a readable one. */
  readonly from: string | null;
  readonly to: string | null;
  readonly rows: number;
  /** Values left out because they were no measurement. */
  readonly ignoredValues: number;
  /** The period in equal parts, oldest first; parts without rows are absent. */
  readonly windows: readonly ServiceWindow[];
}

const defaults = { latencyMs: 500, percentile: 95, availability: 0.99 };

export function measureServices(
  rows: readonly MetricsRow[],
  { objectives = {}, capacity = {} }: { objectives?: Readonly<Record<string, Objective>>; capacity?: Capacity },
): ServiceMeasurement[] {
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
): ServiceMeasurement {
  const saturation = new Saturation(service, capacity);
  for (const row of rows) saturation.add(row);
  const times = rows.map(({ at }) => at).filter((at) => at !== null);
  return {
    service,
    measured: measure(rows, objective.percentile),
    saturation: saturation.measure,
    saturationPoints: saturation.points,
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

function least(times: readonly number[]): number | null {
  return times.reduce<number | null>((found, time) => (found === null || time < found ? time : found), null);
}

function most(times: readonly number[]): number | null {
  return times.reduce<number | null>((found, time) => (found === null || time > found ? time : found), null);
}

const toIso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

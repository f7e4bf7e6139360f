// The performance score and what is behind it: latency against objective, errors against availability, saturation.
// The formula is in docs/analysis.md. Without measurements there is no score, rather than a good one.

import { type EdgePerformance, measureEdges } from "./edge-performance.js";
import type { Capacity, EdgeRow, MetricsRow, Objective } from "./metrics-row.js";
import { combine, rounded } from "./score.js";
import { measureServices, type ServiceMeasurement } from "./service-measurement.js";
import { judgeService, type ServicePerformance } from "./service-performance.js";

export type { EdgePerformance, ServicePerformance };

/** Counts up when the same rows would give another analysis. */
export const performanceVersion = "2";

export interface PerformanceOptions {
  /** By service id; a service without one is judged by the defaults. */
  readonly objectives?: Readonly<Record<string, Objective>>;
  readonly capacity?: Capacity;
  /** Calls between services, so that a cause in a callee can be told from one in the service. */
  readonly edges?: readonly EdgeRow[];
}

export interface PerformanceAnalysis {
  readonly version: string;
  /** 0 to 100; null with no data. */
  readonly score: number | null;
  readonly worst: { readonly service: string; readonly score: number } | null;
  /** Worst score first; services without a score last. */
  readonly services: readonly ServicePerformance[];
  readonly edges: readonly EdgePerformance[];
  readonly rows: number;
  /** First and last timestamp, ISO 8601; null without a readable one. */
  readonly from: string | null;
  readonly to: string | null;
  readonly machineCores: number | null;
}

/** All that is read of the rows, in a size that depends on the number of services and edges alone. */
export interface PerformanceMeasurement {
  readonly rows: number;
  readonly services: readonly ServiceMeasurement[];
  readonly edges: readonly EdgePerformance[];
  readonly machineCores: number | null;
}

/** Rows may come in any order, with gaps, and with values that are no measurement (left out and counted). */
export function analyzeMicroservicesPerformance(
  rows: readonly MetricsRow[],
  options: PerformanceOptions = {},
): PerformanceAnalysis {
  return judgePerformance(measurePerformance(rows, options));
}

export function measurePerformance(
  rows: readonly MetricsRow[],
  options: PerformanceOptions = {},
): PerformanceMeasurement {
  return {
    rows: rows.length,
    services: measureServices(rows, options),
    edges: measureEdges(options.edges ?? []),
    machineCores: options.capacity?.machineCores ?? null,
  };
}

export function judgePerformance({ rows, services: measured, ...rest }: PerformanceMeasurement): PerformanceAnalysis {
  const services = measured.map(judgeService).sort(worstFirst);
  const scored = services.filter(({ score }) => score !== null);
  const score = combine(
    scored.map((service) => ({ points: service.score ?? 0, weight: Math.max(1, service.measured.requests) })),
  );
  const [worst] = scored;
  const times = services.flatMap(({ from, to }) => [from, to]).filter((time) => time !== null);
  return {
    version: performanceVersion,
    score: score === null ? null : rounded(score),
    worst: worst ? { service: worst.service, score: worst.score ?? 0 } : null,
    services,
    edges: rest.edges,
    rows,
    from: times.reduce<string | null>((least, time) => (least === null || time < least ? time : least), null),
    to: times.reduce<string | null>((most, time) => (most === null || time > most ? time : most), null),
    machineCores: rest.machineCores,
  };
}

function worstFirst(left: ServicePerformance, right: ServicePerformance): number {
  const difference = (left.score ?? 101) - (right.score ?? 101);
  return difference !== 0 ? difference : left.service < right.service ? -1 : 1;
}

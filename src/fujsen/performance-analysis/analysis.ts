// The performance of one service, or of all: score, error budget and its burn, load and waiting, and the calls between.
// Measuring (rows in) and judging (numbers in) are apart, so that a record keeps what the judgement rests on.
import { cleanRow } from "../clean-row.js";
import type { EdgePerformance } from "../edge-performance.js";
import type { Capacity, EdgeRow, MetricsRow, Objective } from "../metrics-row.js";
import { judgePerformance, measurePerformance, type PerformanceMeasurement } from "../performance.js";
import { rowsDigest } from "../rows-digest.js";
import type { ServicePerformance } from "../service-performance.js";
import { countWindows, type ErrorBudget, judgeBudget, type WindowCount } from "./error-budget.js";
import { checkObjective, invalid, orderedEdges, orderedRows } from "./input.js";
import { measureLoad, type ServiceLoad } from "./service-load.js";

/** Counts up when the same rows would give another analysis. */
export const performanceMetricsVersion = "1";

export interface AnalyzedService extends ServicePerformance {
  readonly budget: ErrorBudget;
  readonly load: ServiceLoad;
}

export interface PerformanceMetricsAnalysis {
  readonly version: string;
  /** 0 to 100; null with no data. */
  readonly score: number | null;
  /** Worst score first. */
  readonly services: readonly AnalyzedService[];
  /** In order of caller and callee. */
  readonly edges: readonly EdgePerformance[];
  readonly rows: number;
}

export interface ServicePerformanceAnalysis {
  readonly version: string;
  /** Null with no rows. */
  readonly service: AnalyzedService | null;
  /** Calls of the service and to it. */
  readonly edges: readonly EdgePerformance[];
  readonly rows: number;
}

export interface PerformanceMetricsOptions {
  readonly objectives?: Readonly<Record<string, Objective>>;
  readonly capacity?: Capacity;
}

export interface ServicePerformanceOptions {
  readonly objective?: Objective;
  readonly edges?: readonly EdgeRow[];
  readonly capacity?: Capacity;
}

/** What is kept in place of the rows. */
export interface PerformanceMetricsMeasurement {
  readonly digest: string;
  readonly performance: PerformanceMeasurement;
  readonly windows: Readonly<Record<string, readonly WindowCount[]>>;
  readonly loads: Readonly<Record<string, ServiceLoad>>;
}

/** Throws REQUEST_INVALID for rows, edges or objectives that cannot be read. */
export function measurePerformanceMetrics(
  rows: readonly MetricsRow[],
  edges: readonly EdgeRow[] = [],
  { objectives = {}, capacity = {} }: PerformanceMetricsOptions = {},
): PerformanceMetricsMeasurement {
  for (const objective of Object.values(objectives)) checkObjective(objective);
  const [sorted, calls] = [orderedRows(rows), orderedEdges(edges)];
  const services = [...new Set(sorted.map(({ serviceId }) => serviceId))].sort();
  const each = <Value>(measure: (own: ReturnType<typeof cleanRow>[]) => Value) =>
    Object.fromEntries(
      services.map((service) => [service, measure(sorted.filter((row) => row.serviceId === service).map(cleanRow))]),
    );
  return {
    digest: rowsDigest(sorted, calls),
    performance: measurePerformance(sorted, { objectives, capacity, edges: calls }),
    windows: each(countWindows),
    loads: each(measureLoad),
  };
}

export function judgePerformanceMetrics(measurement: PerformanceMetricsMeasurement): PerformanceMetricsAnalysis {
  const { score, services, edges, rows } = judgePerformance(measurement.performance);
  return {
    version: performanceMetricsVersion,
    score,
    services: services.map((service) => ({
      ...service,
      budget: judgeBudget(measurement.windows[service.service] ?? [], service.objective.availability),
      load: measurement.loads[service.service] ?? measureLoad([]),
    })),
    edges: [...edges].sort((left, right) => (edgeKey(left) < edgeKey(right) ? -1 : 1)),
    rows,
  };
}

const edgeKey = ({ caller, callee }: EdgePerformance): string => JSON.stringify([caller, callee]);

/** All services together. Rows in any order. Throws REQUEST_INVALID for what cannot be read. */
export function analyzeMicroservicesPerformanceMetrics(
  rows: readonly MetricsRow[],
  edges: readonly EdgeRow[] = [],
  options: PerformanceMetricsOptions = {},
): PerformanceMetricsAnalysis {
  return judgePerformanceMetrics(measurePerformanceMetrics(rows, edges, options));
}

/** Throws REQUEST_INVALID also for rows of more than one service. */
export function measureOneService(
  rows: readonly MetricsRow[],
  { objective, edges = [], capacity }: ServicePerformanceOptions = {},
): PerformanceMetricsMeasurement {
  if (objective) checkObjective(objective);
  const names = new Set(orderedRows(rows).map(({ serviceId }) => serviceId));
  if (names.size > 1) throw invalid(`the rows are of ${names.size} services, not of one`);
  const [name] = names;
  const calls = orderedEdges(edges).filter(({ caller, callee }) => caller === name || callee === name);
  const objectives = name !== undefined && objective ? { [name]: objective } : {};
  return measurePerformanceMetrics(rows, calls, { objectives, ...(capacity ? { capacity } : {}) });
}

export function judgeOneService(measurement: PerformanceMetricsMeasurement): ServicePerformanceAnalysis {
  const { version, services, edges, rows } = judgePerformanceMetrics(measurement);
  return { version, service: services[0] ?? null, edges, rows };
}

/** One service against its objective. Throws REQUEST_INVALID for what cannot be read. */
export function analyzeServicePerformance(
  rows: readonly MetricsRow[],
  options: ServicePerformanceOptions = {},
): ServicePerformanceAnalysis {
  return judgeOneService(measureOneService(rows, options));
}

// What an analysis reads: every service and every link on one time axis.
import type { Intervals } from "./deviation.js";
import type { FailureMetric } from "./failure-data.js";

/** By interval; NaN where nothing was measured. */
export type ServiceMetrics = Partial<Record<FailureMetric, Float64Array>>;

/** The calls of one service to another. */
export interface Link {
  readonly caller: string;
  readonly callee: string;
  /** Latency that the caller measured, and the callee. */
  readonly byCaller?: Float64Array;
  readonly byCallee?: Float64Array;
  /** What the caller counted. */
  readonly requests?: Float64Array;
  readonly errorRate?: Float64Array;
}

export interface Observations {
  /** Unix time of each interval, milliseconds, ascending. */
  readonly times: readonly number[];
  readonly intervals: Intervals;
  /** By name, in the order of names. */
  readonly services: ReadonlyMap<string, ServiceMetrics>;
  readonly links: readonly Link[];
  readonly callees: ReadonlyMap<string, readonly string[]>;
  /** Values that were no measurement. */
  readonly ignoredValues: number;
}

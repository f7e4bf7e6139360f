// What a root-cause analysis is given: measurements around a failure, who calls whom, and what was changed. Plain data
// in our own types, so that FUJSEN knows neither the database nor the app spec.
import type { EdgeRow, MetricsRow } from "../metrics-row.js";

/**
 * `latency`: a mean or one percentile, any unit, the same for all services. `errorRate`: 0 to 1. `requests`: how many in
 * the interval. `cpu` and `memory`: any unit, each the same for all services.
 */
export type FailureMetric = "latency" | "errorRate" | "requests" | "cpu" | "memory";

/** One measurement over time, of a service or of the calls of one service to another. */
export interface FailureSeries {
  readonly service: string;
  /** For the calls of this service to `service`: latency, error rate and requests are read of those. */
  readonly caller?: string;
  /** Who measured the latency of a call. Default `caller`; with both, what is lost in between is known. */
  readonly measuredBy?: "caller" | "callee";
  readonly metric: FailureMetric;
  /** Unix time, milliseconds, of each value. Any order; none twice. */
  readonly timestamps: readonly number[];
  /** One for each timestamp; null where nothing was measured. Negative and not finite values are left out and counted. */
  readonly values: readonly (number | null)[];
}

export interface ServiceCall {
  readonly caller: string;
  readonly callee: string;
}

export type ChangeKind = "deploy" | "scale" | "config" | "fault";

export interface ChangeEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly service: string;
  readonly kind: ChangeKind;
  readonly detail?: string;
}

export interface Symptom {
  readonly service: string;
  readonly metric: "latency" | "errorRate";
}

export interface FailureWindow {
  /** ISO 8601; intervals that begin after this and not after `to` belong to the failure, all others are the reference. */
  readonly from: string;
  readonly to: string;
  /** What somebody noticed; suspects are then the services that it depends on. Without one, every service is. */
  readonly symptom?: Symptom;
}

export interface FailureData {
  readonly failure: FailureWindow;
  readonly series?: readonly FailureSeries[];
  /** Rows of TuskDB; read as series. */
  readonly rows?: readonly MetricsRow[];
  readonly edges?: readonly EdgeRow[];
  /** Beside those that `series` and `edges` show. */
  readonly calls?: readonly ServiceCall[];
  readonly changes?: readonly ChangeEvent[];
}

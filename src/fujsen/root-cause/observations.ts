// All series side by side on one time axis, so that what several services did at the same time can be compared.
import { checkFailureData } from "./check-failure-data.js";
import type { Intervals } from "./deviation.js";
import type { FailureData, FailureMetric, FailureSeries } from "./failure-data.js";
import { rowsToSeries } from "./rows-to-series.js";
import { createTimeAxis, PartReader } from "./time-axis.js";

/** By interval; NaN where nothing was measured. */
export type ServiceMetrics = Partial<Record<FailureMetric, Float64Array>>;

/** The calls of one service to another. */
export interface Link {
  readonly caller: string;
  readonly callee: string;
  readonly byCaller?: Float64Array;
  readonly byCallee?: Float64Array;
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

/** Throws REQUEST_INVALID. */
export function observe(data: FailureData): Observations {
  checkFailureData(data);
  const all = [...(data.series ?? []), ...rowsToSeries(data.rows ?? [], data.edges ?? [])].sort(byName);
  const axis = createTimeAxis(all, data.failure);
  const reader = new PartReader(axis);
  const services = new Map<string, ServiceMetrics>();
  const links = new Map<string, Link>();
  for (const series of all) {
    if (series.caller === undefined) addMetric(services, series, reader.read(series));
    else if (series.metric === "latency") addLink(links, series, series.caller, reader.read(series));
  }
  return {
    times: axis.times,
    intervals: axis.intervals,
    services,
    links: [...links.values()],
    callees: calleesOf(data, all),
    ignoredValues: reader.ignoredValues,
  };
}

function byName(left: FailureSeries, right: FailureSeries): number {
  return compare(left.service, right.service) || compare(left.caller ?? "", right.caller ?? "");
}

/** By code units: the same on every machine, unlike localeCompare. */
export const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

function addMetric(services: Map<string, ServiceMetrics>, series: FailureSeries, values: Float64Array): void {
  const metrics = services.get(series.service) ?? {};
  metrics[series.metric] ??= values;
  services.set(series.service, metrics);
}

function addLink(links: Map<string, Link>, series: FailureSeries, caller: string, values: Float64Array): void {
  const key = JSON.stringify([series.service, caller]);
  const link = links.get(key) ?? { caller, callee: series.service };
  const side = series.measuredBy === "callee" ? { byCallee: values } : { byCaller: values };
  links.set(key, { ...link, ...side });
}

function calleesOf(data: FailureData, all: readonly FailureSeries[]): Map<string, string[]> {
  const seen = all.flatMap(({ service, caller }) => (caller === undefined ? [] : [{ caller, callee: service }]));
  const callees = new Map<string, string[]>();
  for (const { caller, callee } of [...(data.calls ?? []), ...seen]) {
    const known = callees.get(caller) ?? [];
    callees.set(caller, known);
    if (callee !== caller && !known.includes(callee)) known.push(callee);
  }
  for (const known of callees.values()) known.sort(compare);
  return callees;
}

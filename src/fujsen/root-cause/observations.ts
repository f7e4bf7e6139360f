// All series side by side on one time axis, so that what several services did at the same time can be compared.
import { addCallersView } from "./callers-view.js";
import { checkFailureData } from "./check-failure-data.js";
import type { FailureData, FailureSeries } from "./failure-data.js";
import { compare } from "./names.js";
import type { Link, Observations, ServiceMetrics } from "./observed.js";
import { rowsToSeries } from "./rows-to-series.js";
import { createTimeAxis, PartReader } from "./time-axis.js";

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
    else addLink(links, series, series.caller, reader.read(series));
  }
  addCallersView(services, [...links.values()], axis.times.length);
  return {
    times: axis.times,
    intervals: axis.intervals,
    services: new Map([...services].sort(([left], [right]) => compare(left, right))),
    links: [...links.values()],
    callees: calleesOf(data, all),
    ignoredValues: reader.ignoredValues,
  };
}

function byName(left: FailureSeries, right: FailureSeries): number {
  return compare(left.service, right.service) || compare(left.caller ?? "", right.caller ?? "");
}

function addMetric(services: Map<string, ServiceMetrics>, series: FailureSeries, values: Float64Array): void {
  const metrics = services.get(series.service) ?? {};
  metrics[series.metric] ??= values;
  services.set(series.service, metrics);
}

function addLink(links: Map<string, Link>, series: FailureSeries, caller: string, values: Float64Array): void {
  const key = JSON.stringify([series.service, caller]);
  const link = links.get(key) ?? { caller, callee: series.service };
  const member = memberOf(series);
  if (member) links.set(key, { ...link, [member]: values });
}

function memberOf({ metric, measuredBy }: FailureSeries): keyof Link | null {
  if (metric === "latency") return measuredBy === "callee" ? "byCallee" : "byCaller";
  if (measuredBy === "callee" || (metric !== "requests" && metric !== "errorRate")) return null;
  return metric;
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

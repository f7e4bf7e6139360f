// Refuses what cannot be analysed, with every problem at once; what is merely missing or damaged is not refused but
// counted, and the analysis says when too little is left.
import { type Problem, TuskError } from "../../base/errors.js";
import type { ChangeEvent, FailureData, FailureSeries, FailureWindow, ServiceCall } from "./failure-data.js";

const metrics: readonly string[] = ["latency", "errorRate", "requests", "cpu", "memory"];
const changeKinds: readonly string[] = ["deploy", "scale", "config", "fault"];
/** A list of problems that nobody reads to its end is cut. */
const mostProblems = 20;

/** Throws REQUEST_INVALID. */
export function checkFailureData(data: FailureData): void {
  if (!isObject(data)) throw new TuskError("REQUEST_INVALID", "the failure data is not an object");
  const problems = [
    ...windowProblems(data.failure),
    ...listProblems(data.series, "series", seriesProblems),
    ...sameSeriesProblems(data.series),
    ...listProblems(data.rows, "rows", ({ serviceId }, path) => nameProblems(serviceId, `${path}.serviceId`)),
    ...listProblems(data.edges, "edges", callProblems),
    ...listProblems(data.calls, "calls", callProblems),
    ...listProblems(data.changes, "changes", changeProblems),
  ];
  if (problems.length === 0) return;
  const [first] = problems;
  throw new TuskError("REQUEST_INVALID", `the failure data has problems: ${first?.path}: ${first?.message}`, {
    problems: problems.slice(0, mostProblems),
  });
}

function windowProblems(failure: FailureWindow | undefined): Problem[] {
  if (!isObject(failure)) return [{ path: "failure", message: "is missing" }];
  const [from, to] = [Date.parse(failure.from), Date.parse(failure.to)];
  if (Number.isNaN(from)) return [{ path: "failure.from", message: "is not an ISO 8601 time" }];
  if (Number.isNaN(to)) return [{ path: "failure.to", message: "is not an ISO 8601 time" }];
  if (to <= from) return [{ path: "failure.to", message: "is not after `from`" }];
  const { symptom } = failure;
  if (symptom === undefined) return [];
  if (!isObject(symptom) || !isName(symptom.service)) return [{ path: "failure.symptom", message: "names no service" }];
  if (symptom.metric === "latency" || symptom.metric === "errorRate") return [];
  return [{ path: "failure.symptom.metric", message: "is neither latency nor errorRate" }];
}

function listProblems<Item>(
  list: readonly Item[] | undefined,
  path: string,
  problemsOf: (item: Item, path: string) => Problem[],
): Problem[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return [{ path, message: "is not a list" }];
  return list.flatMap((item: Item, index) => {
    const place = `${path}[${index}]`;
    return isObject(item) ? problemsOf(item, place) : [{ path: place, message: "is not an object" }];
  });
}

function seriesProblems(series: FailureSeries, path: string): Problem[] {
  const { service, caller, measuredBy, metric, timestamps, values } = series;
  if (!isName(service)) return [{ path: `${path}.service`, message: "is not a name" }];
  if (caller !== undefined && !isName(caller)) return [{ path: `${path}.caller`, message: "is not a name" }];
  if (!metrics.includes(metric)) return [{ path: `${path}.metric`, message: `is none of ${metrics.join(", ")}` }];
  if (measuredBy !== undefined && measuredBy !== "caller" && measuredBy !== "callee") {
    return [{ path: `${path}.measuredBy`, message: "is neither caller nor callee" }];
  }
  if (!Array.isArray(timestamps)) return [{ path: `${path}.timestamps`, message: "is not a list" }];
  if (!Array.isArray(values)) return [{ path: `${path}.values`, message: "is not a list" }];
  if (timestamps.length !== values.length) {
    return [{ path, message: `has ${timestamps.length} timestamps and ${values.length} values` }];
  }
  return timestampProblems(timestamps, `${path}.timestamps`);
}

function timestampProblems(timestamps: readonly number[], path: string): Problem[] {
  let ascends = true;
  for (let index = 0; index < timestamps.length; index++) {
    const [before, time] = [timestamps[index - 1] ?? -Infinity, timestamps[index] ?? Number.NaN];
    if (!Number.isFinite(time)) return [{ path: `${path}[${index}]`, message: "is not a finite number" }];
    if (time <= before) ascends = false;
  }
  return ascends ? [] : repeatedTimestamps(timestamps, path);
}

function repeatedTimestamps(timestamps: readonly number[], path: string): Problem[] {
  const seen = new Set<number>();
  for (const [index, timestamp] of timestamps.entries()) {
    if (seen.has(timestamp)) return [{ path: `${path}[${index}]`, message: `${timestamp} is there twice` }];
    seen.add(timestamp);
  }
  return [];
}

function sameSeriesProblems(list: readonly FailureSeries[] | undefined): Problem[] {
  if (!Array.isArray(list)) return [];
  const seen = new Set<string>();
  return list.flatMap((series: FailureSeries, index) => {
    if (!isObject(series)) return [];
    const key = JSON.stringify([series.service, series.caller, series.measuredBy ?? "caller", series.metric]);
    if (seen.has(key)) return [{ path: `series[${index}]`, message: "measures what another series measures" }];
    seen.add(key);
    return [];
  });
}

function callProblems({ caller, callee }: Pick<ServiceCall, "caller" | "callee">, path: string): Problem[] {
  return isName(caller) && isName(callee) ? [] : [{ path, message: "needs a caller and a callee" }];
}

function nameProblems(name: unknown, path: string): Problem[] {
  return isName(name) ? [] : [{ path, message: "is not a name" }];
}

function changeProblems({ at, service, kind }: ChangeEvent, path: string): Problem[] {
  if (!isName(service)) return nameProblems(service, `${path}.service`);
  if (!changeKinds.includes(kind)) return [{ path: `${path}.kind`, message: `is none of ${changeKinds.join(", ")}` }];
  return Number.isNaN(Date.parse(at)) ? [{ path: `${path}.at`, message: "is not an ISO 8601 time" }] : [];
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isName = (value: unknown): value is string => typeof value === "string" && value.length > 0;

// What a forecast is made from: request rates of one service at equal steps. Measurements become that here, or a
// problem that says what is wrong with them; nothing is repaired silently.

/** One measured rate. A row of TuskDB is one. */
export interface DemandRow {
  readonly serviceId: string;
  /** End of the interval, ISO 8601. */
  readonly timestamp: string;
  /** Requests per second; null when not measured. */
  readonly throughput: number | null;
  /** How long the interval was. Default 1. */
  readonly intervalSeconds?: number;
}

/** Rates at equal steps. */
export interface DemandSeries {
  readonly serviceId: string;
  /** Of the first value, ISO 8601. */
  readonly start: string;
  readonly stepSeconds: number;
  /** Requests per second, or any other rate or count per step; null where nothing was measured. */
  readonly values: readonly (number | null)[];
}

export type SeriesProblemKind =
  | "empty"
  | "bad-timestamp"
  | "unsorted"
  | "duplicate"
  | "bad-step"
  | "not-a-number"
  | "negative"
  | "too-many-gaps"
  | "too-long";

export interface SeriesProblem {
  readonly kind: SeriesProblemKind;
  readonly message: string;
}

export type SeriesResult =
  | { readonly ok: true; readonly series: DemandSeries }
  | { readonly ok: false; readonly problem: SeriesProblem };

/** Values in one series; a year of minutes. */
export const mostValues = 530_000;
const mostMissing = 0.5;

const refuse = (kind: SeriesProblemKind, message: string): SeriesResult => ({ ok: false, problem: { kind, message } });

export function validateSeries(series: DemandSeries): SeriesResult {
  const { start, stepSeconds, values } = series;
  if (!Array.isArray(values) || values.length === 0) return refuse("empty", "there are no values");
  if (values.length > mostValues) return refuse("too-long", `${values.length} values are more than ${mostValues}`);
  if (Number.isNaN(Date.parse(start))) return refuse("bad-timestamp", `the start ${JSON.stringify(start)} is no time`);
  if (!(stepSeconds > 0 && Number.isFinite(stepSeconds))) return refuse("bad-step", `the step is ${stepSeconds} s`);
  let missing = 0;
  for (const [index, value] of values.entries()) {
    if (value === null) missing++;
    else if (typeof value !== "number" || !Number.isFinite(value))
      return refuse("not-a-number", `value ${index} is ${value}`);
    else if (value < 0) return refuse("negative", `value ${index} is ${value}`);
  }
  if (missing === values.length) return refuse("empty", "nothing was measured");
  if (missing > mostMissing * values.length) {
    return refuse("too-many-gaps", `${missing} of ${values.length} values are missing`);
  }
  return { ok: true, series };
}

/** `rows` are of one service, in order of time. Without a step, the usual difference between two rows is taken. */
export function seriesFromRows(rows: readonly DemandRow[], stepSeconds?: number): SeriesResult {
  const times = rows.map(({ timestamp }) => Date.parse(timestamp));
  const problem = problemOfTimes(rows, times);
  if (problem) return { ok: false, problem };
  const stepMs = (stepSeconds ?? usualStep(times) / 1000) * 1000;
  if (!(stepMs > 0 && Number.isFinite(stepMs))) return refuse("bad-step", "one row has no step");
  const first = times[0] as number;
  const slots = Math.floor(((times[times.length - 1] as number) - first) / stepMs + 0.5) + 1;
  if (slots > mostValues) return refuse("too-long", `${slots} steps of ${stepMs / 1000} s are more than ${mostValues}`);
  const values = slotMeans(rows, (index) => Math.floor(((times[index] as number) - first) / stepMs + 0.5), slots);
  const start = new Date(first).toISOString();
  return validateSeries({ serviceId: rows[0]?.serviceId ?? "", start, stepSeconds: stepMs / 1000, values });
}

function problemOfTimes(rows: readonly DemandRow[], times: readonly number[]): SeriesProblem | null {
  if (rows.length === 0) return { kind: "empty", message: "there are no rows" };
  for (const [index, time] of times.entries()) {
    const shown = rows[index]?.timestamp;
    if (Number.isNaN(time))
      return { kind: "bad-timestamp", message: `row ${index}: ${JSON.stringify(shown)} is no time` };
    const before = times[index - 1] ?? Number.NEGATIVE_INFINITY;
    if (time === before) return { kind: "duplicate", message: `row ${index}: ${shown} is there twice` };
    if (time < before) return { kind: "unsorted", message: `row ${index}: ${shown} is earlier than the row before it` };
  }
  return null;
}

function usualStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, index) => time - (times[index] as number));
  return steps.sort((a, b) => a - b)[Math.floor((steps.length - 1) / 2)] ?? Number.NaN;
}

// Rows in one slot are averaged by their length. A value that is no rate stays, so that validation sees it.
function slotMeans(rows: readonly DemandRow[], slotOf: (index: number) => number, slots: number): (number | null)[] {
  const sums = new Float64Array(slots);
  const lengths = new Float64Array(slots);
  for (const [index, { throughput, intervalSeconds = 1 }] of rows.entries()) {
    if (throughput === null || throughput === undefined) continue;
    const slot = slotOf(index);
    const length = intervalSeconds > 0 ? intervalSeconds : 1;
    const rate = throughput < 0 ? Number.NEGATIVE_INFINITY : throughput;
    sums[slot] = (sums[slot] as number) + rate * length;
    lengths[slot] = (lengths[slot] as number) + length;
  }
  return Array.from(sums, (sum, slot) => {
    const length = lengths[slot] as number;
    if (length === 0) return null;
    return sum === Number.NEGATIVE_INFINITY ? -1 : sum / length;
  });
}

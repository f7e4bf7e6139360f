// analyzeMicroservicesUsagePatterns: what each service's demand looks like - level, growth, seasons, bursts, gaps,
// level shifts - and the regular series that a forecast is made from.

import type { LevelShift } from "./level-shift.js";
import { prepare } from "./prepare.js";
import type { FoundSeason } from "./seasons.js";
import {
  type DemandRow,
  type DemandSeries,
  type SeriesProblem,
  type SeriesResult,
  seriesFromRows,
  validateSeries,
} from "./series.js";
import { timeOfStep } from "./step-time.js";

/** Counts up when the same input would give another answer. */
export const usagePatternsVersion = "1";

/** Rows of any number of services, or one regular series for each. */
export type DemandHistory = readonly DemandRow[] | { readonly series: readonly DemandSeries[] };

export interface UsageOptions {
  /** Rows are averaged into steps of this. Default: the usual difference between two rows of the service. */
  readonly stepSeconds?: number;
}

export interface UsagePattern {
  readonly service: string;
  /** Median of the last season's values, requests per second. */
  readonly level: number;
  /** Share by which the level grows in a week: 0.1 is 10 %. Null with less than two seasons. */
  readonly growthPerWeek: number | null;
  readonly seasons: readonly {
    readonly seconds: number;
    readonly strength: number;
    readonly basis: FoundSeason["basis"];
  }[];
  /** 99th percentile over the mean. */
  readonly burstiness: number;
  readonly missing: number;
  readonly levelShift: { readonly at: string; readonly before: number; readonly after: number } | null;
  /** What a reader should know of the data. */
  readonly notes: readonly string[];
  readonly series: DemandSeries;
}

export interface UsagePatterns {
  readonly version: string;
  readonly services: readonly UsagePattern[];
  /** Services that nothing can be said of, and why. */
  readonly refused: readonly { readonly service: string; readonly problem: SeriesProblem }[];
}

export function analyzeMicroservicesUsagePatterns(history: DemandHistory, options: UsageOptions = {}): UsagePatterns {
  return judgeDemand(measureDemand(history, options));
}

/** What of the history the analysis rests on. */
export interface DemandMeasurement {
  readonly services: readonly { readonly service: string; readonly result: SeriesResult }[];
}

/** Rows made into a regular series for each service, which is smaller than they are. */
export function measureDemand(history: DemandHistory, { stepSeconds }: UsageOptions = {}): DemandMeasurement {
  if ("series" in history) {
    return {
      services: history.series.map((series) => ({ service: series.serviceId, result: validateSeries(series) })),
    };
  }
  const byService = new Map<string, DemandRow[]>();
  for (const row of history) {
    const rows = byService.get(row.serviceId);
    if (rows) rows.push(row);
    else byService.set(row.serviceId, [row]);
  }
  return {
    services: [...byService].map(([service, rows]) => ({ service, result: seriesFromRows(rows, stepSeconds) })),
  };
}

export function judgeDemand({ services }: DemandMeasurement): UsagePatterns {
  return {
    version: usagePatternsVersion,
    services: services.flatMap(({ service, result }) => (result.ok ? [patternOf(service, result.series)] : [])),
    refused: services.flatMap(({ service, result }) => (result.ok ? [] : [{ service, problem: result.problem }])),
  };
}

function patternOf(service: string, series: DemandSeries): UsagePattern {
  const { values, season, longSeason, found, missing, shift } = prepare(series);
  const latest = values.slice(-Math.max(season, Math.min(values.length, 12))).sort();
  const sorted = values.slice().sort();
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return {
    service,
    level: latest[Math.floor(latest.length / 2)] as number,
    growthPerWeek: growthPerWeek(values, longSeason > 1 ? longSeason : season, series.stepSeconds),
    seasons: found.map(({ steps, strength, basis }) => ({ seconds: steps * series.stepSeconds, strength, basis })),
    burstiness: mean > 0 ? (sorted[Math.floor(0.99 * (sorted.length - 1))] as number) / mean : 1,
    missing,
    levelShift: shift ? { at: timeOfStep(series, shift.at), before: shift.before, after: shift.after } : null,
    notes: notesOf(series, { missing, season, shift, constant: sorted[0] === sorted[sorted.length - 1] }),
    series,
  };
}

interface NoteInput {
  readonly missing: number;
  readonly season: number;
  readonly shift: LevelShift | null;
  readonly constant: boolean;
}

function notesOf(series: DemandSeries, { missing, season, shift, constant }: NoteInput): string[] {
  const { length } = series.values;
  const notes: string[] = [];
  if (constant) notes.push("every value is the same");
  else if (season === 1) notes.push(`no season was found in ${length} values`);
  if (missing > 0) notes.push(`${missing} of ${length} values were missing and were filled from their neighbours`);
  if (shift)
    notes.push(`the level changed at ${timeOfStep(series, shift.at)}; earlier values are scaled to the new one`);
  return notes;
}

// The median of all slopes between seasons (Theil 1950, Sen 1968): one odd season does not move it.
function growthPerWeek(values: Float64Array, block: number, stepSeconds: number): number | null {
  const blocks = Math.min(60, Math.floor(values.length / block));
  if (blocks < 2 || block < 2) return null;
  const means = Array.from({ length: blocks }, (_, index) => {
    const end = values.length - (blocks - 1 - index) * block;
    return values.subarray(end - block, end).reduce((sum, value) => sum + value / block, 0);
  });
  const slopes = means.flatMap((mean, j) => means.slice(0, j).map((other, i) => (mean - other) / (j - i)));
  slopes.sort((a, b) => a - b);
  const slope = slopes[Math.floor(slopes.length / 2)] as number;
  const level = [...means].sort((a, b) => a - b)[Math.floor(blocks / 2)] as number;
  return level > 0 ? ((slope / level) * 604_800) / (block * stepSeconds) : null;
}

// Times of a regular series' steps.
import type { DemandSeries } from "./series.js";

/** ISO 8601; index may lie beyond the series' end. */
export function timeOfStep({ start, stepSeconds }: Pick<DemandSeries, "start" | "stepSeconds">, index: number): string {
  return new Date(Date.parse(start) + index * stepSeconds * 1000).toISOString();
}

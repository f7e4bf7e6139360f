// What a service's measurements are worth: its points, its score and the sentence that says what costs most.

import type { SaturationMeasure } from "./saturation.js";
import { combine, errorPoints, latencyPoints, rounded, type Weighted } from "./score.js";
import type { Measured, ServiceMeasurement, SettledObjective } from "./service-measurement.js";

export interface ServicePerformance extends Omit<ServiceMeasurement, "saturationPoints"> {
  /** 0 to 100; null with no data. */
  readonly score: number | null;
  /** One sentence: the part that costs most. */
  readonly reason: string;
  /** 0 to 100 each; null where nothing was measured, and then not part of the score. */
  readonly points: {
    readonly latency: number | null;
    readonly errors: number | null;
    readonly saturation: number | null;
  };
}

/** Of latency, errors and saturation in a service's mean. */
const weights = { latency: 0.4, errors: 0.4, saturation: 0.2 };

export function judgeService({ saturationPoints, ...measurement }: ServiceMeasurement): ServicePerformance {
  const { measured, saturation, objective } = measurement;
  const points = toPoints(measured, saturationPoints, objective);
  const score = combine(toWeighted(points));
  return {
    ...measurement,
    score: score === null ? null : rounded(score),
    reason: reasonFor(points, measured, saturation, objective),
    points,
  };
}

type Points = ServicePerformance["points"];

function toPoints(measured: Measured, saturation: number | null, objective: SettledObjective): Points {
  const { latencyMs, errorShare } = measured;
  return {
    latency: latencyMs === null ? null : rounded(latencyPoints(latencyMs, objective.latencyMs), 4),
    errors: errorShare === null ? null : rounded(errorPoints(errorShare, objective.availability), 4),
    saturation: saturation === null ? null : rounded(saturation, 4),
  };
}

function toWeighted(points: Points): Weighted[] {
  const parts: Weighted[] = [];
  for (const part of ["latency", "errors", "saturation"] as const) {
    const value = points[part];
    if (value !== null) parts.push({ points: value, weight: weights[part] });
  }
  return parts;
}

function reasonFor(
  points: Points,
  measured: Measured,
  saturation: SaturationMeasure,
  objective: SettledObjective,
): string {
  const sentences = {
    latency: `p${objective.percentile} is ${readable(measured.latencyMs)} ms, the ${objective.latencyAssumed ? "assumed " : ""}objective ${objective.latencyMs} ms`,
    errors: `${percent(measured.errorShare)} of requests fail, ${percent(1 - objective.availability)} may`,
    saturation: `uses ${percent(saturation.use)} of its ${saturation.limit ?? "capacity"}`,
  };
  const [worst] = (["errors", "latency", "saturation"] as const)
    .filter((part) => points[part] !== null)
    .sort((left, right) => (points[left] ?? 0) - (points[right] ?? 0));
  return worst === undefined ? "nothing was measured" : sentences[worst];
}

/** 0.1234 to `12.34%`, as many digits as matter. */
export function percent(share: number | null): string {
  return share === null ? "-" : `${rounded(share * 100)}%`;
}

export function readable(value: number | null): string {
  if (value === null) return "-";
  return String(value < 10 ? rounded(value) : Math.round(value));
}

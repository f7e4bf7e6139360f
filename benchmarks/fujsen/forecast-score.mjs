// Mean scores over series, with the competition's denominators.
import {
  coverage,
  m4HourlyDenominators,
  overallWeightedAverage,
  scaledError,
  scaledIntervalScore,
  seasonalScale,
  symmetricError,
} from "../../dist/src/fujsen/forecast/scores.js";
import { horizon } from "./forecast-data.mjs";

const season = 24;

export function repeatedSeason(values, length) {
  return Array.from({ length: horizon }, (_, h) => values[values.length - length + (h % length)]);
}

/** Of those predictions whose actual values are known. */
export function scoreForecasts(predictions, actual, history) {
  const scored = predictions.filter(({ series }) => actual.has(series));
  const each = scored.map((prediction) => scoreOne(prediction, actual.get(prediction.series), history));
  const mean = (name) => each.reduce((sum, score) => sum + score[name], 0) / each.length;
  const [symmetric, scaled] = [mean("symmetric"), mean("scaled")];
  const banded = scored.every(({ lower95 }) => lower95);
  return {
    count: scored.length,
    symmetric,
    scaled,
    owa: overallWeightedAverage(symmetric, scaled, m4HourlyDenominators),
    msis: banded ? mean("msis") : null,
    covered: banded ? mean("covered") : null,
    naive: banded ? scored.filter(({ method }) => method === "seasonal-naive").length : null,
  };
}

function scoreOne({ series, mean, lower95, upper95 }, actual, history) {
  const scale = seasonalScale(history.get(series), season);
  const band = { lower: lower95 ?? mean, upper: upper95 ?? mean };
  return {
    symmetric: symmetricError(actual, mean),
    scaled: scaledError(actual, mean, scale),
    msis: scaledIntervalScore(actual, band, { level: 0.95, scale }),
    covered: coverage(actual, band),
  };
}

// A regular series made ready for models: gaps filled, earlier values brought to the level of today, seasons found.
import { type Filled, fillBySeason, fillStraight } from "./gaps.js";
import { alignLevels, findLevelShift, type LevelShift } from "./level-shift.js";
import { type FoundSeason, findSeasons } from "./seasons.js";
import type { DemandSeries } from "./series.js";
import { toSpace } from "./space.js";

export interface Prepared extends Filled {
  readonly season: number;
  readonly longSeason: number;
  readonly found: readonly FoundSeason[];
  readonly shift: LevelShift | null;
}

export function prepare({ values, stepSeconds }: Pick<DemandSeries, "values" | "stepSeconds">): Prepared {
  const straight = fillStraight(values);
  const { season, longSeason, found } = findSeasons(toSpace(straight.values, "root", 0), stepSeconds);
  const filled = fillBySeason(straight, season);
  const block = season > 1 ? season : Math.max(1, Math.floor(values.length / 20));
  const shift = findLevelShift(filled.values, block);
  return { ...filled, values: alignLevels(filled.values, shift), season, longSeason, found, shift };
}

// What backtests say of a forecast: its own error beside that of repeating the last season, and which of both is used.
import { errorsOf, type History, lossOf, type Origin, type PathErrors } from "./backtest.js";
import { seasonalScale } from "./scores.js";

/** How the forecast's own method did from past moments, each weighted without knowing that moment. */
export interface BacktestReport {
  /** From how many past moments. */
  readonly origins: number;
  /** Percent. */
  readonly symmetricError: number;
  /** In units of the mean difference to one season before: below 1 is better than repeating the last season in-sample. */
  readonly scaledError: number;
  /** The same of the seasonal naive forecast. */
  readonly naive: { readonly symmetricError: number; readonly scaledError: number };
}

export interface Verdict {
  readonly useNaive: boolean;
  readonly reason: string;
  readonly report: BacktestReport | null;
}

/** How much better the seasonal naive forecast must be, over the number of backtests: few of them tell little. */
const naiveMargin = 0.2;

export interface Tested {
  readonly history: History;
  readonly origins: readonly Origin[];
  /** The ensemble's forecast at each origin. */
  readonly combined: readonly Float64Array[];
  /** The seasonal naive one. */
  readonly naive: readonly Float64Array[];
}

export function judgeBacktests({ history, origins, combined, naive }: Tested): Verdict {
  const errors = meanErrors(origins, combined, history);
  const naiveErrors = meanErrors(origins, naive, history);
  if (!errors || !naiveErrors) {
    const reason = "there is too little history for a backtest: the last season is repeated";
    return { useNaive: true, reason, report: null };
  }
  const loss = lossOf(errors, naiveErrors);
  const useNaive = loss >= 1 + naiveMargin / origins.length;
  const { symmetric, scaled } = useNaive ? naiveErrors : errors;
  return {
    useNaive,
    reason: reasonFor(loss, origins.length, useNaive),
    report: {
      origins: origins.length,
      symmetricError: symmetric,
      scaledError: scaled,
      naive: { symmetricError: naiveErrors.symmetric, scaledError: naiveErrors.scaled },
    },
  };
}

function reasonFor(loss: number, origins: number, useNaive: boolean): string {
  const share = `${Math.round(loss * 100)} %`;
  const tests = origins === 1 ? "one backtest" : `${origins} backtests`;
  if (useNaive) return `repeating the last season did better in ${tests}: the ensemble had ${share} of its error`;
  if (loss < 1) return `its error in ${tests} was ${share} of that of repeating the last season`;
  return `repeating the last season did about as well in ${tests} (${share}), which is too few to prefer it`;
}

function meanErrors(origins: readonly Origin[], paths: readonly Float64Array[], history: History): PathErrors | null {
  const scale = seasonalScale(history.values, history.season) || 1;
  const errors = origins.flatMap((origin, index) => {
    const path = paths[index];
    return (path ? errorsOf(path, origin, history, scale) : null) ?? [];
  });
  if (errors.length === 0) return null;
  const mean = (pick: (error: PathErrors) => number) =>
    errors.reduce((sum, error) => sum + pick(error), 0) / errors.length;
  return { symmetric: mean(({ symmetric }) => symmetric), scaled: mean(({ scaled }) => scaled) };
}

// How much of what may fail has failed, and how fast: multi-window, multi-burn-rate alerts (Google, The Site Reliability
// Workbook, chapter 5). A window that the period does not cover is told, not judged.
import type { CleanRow } from "../clean-row.js";
import { rounded } from "../score.js";

export interface WindowCount {
  readonly seconds: number;
  /** The measurements reach back so far. */
  readonly covered: boolean;
  readonly requests: number;
  /** Null when no row of the window measures errors. */
  readonly errors: number | null;
}

export interface BurnAlert {
  readonly longSeconds: number;
  readonly shortSeconds: number;
  /** Burn rate above which both windows alert. */
  readonly factor: number;
  /** 1 uses up exactly the budget of 30 days in 30 days; null where nothing was measured. */
  readonly longBurn: number | null;
  readonly shortBurn: number | null;
  /** Null: the period does not cover the long window, or it has fewer than 30 requests. */
  readonly firing: boolean | null;
}

export interface ErrorBudget {
  /** Share of requests that may fail. */
  readonly budget: number;
  /** Share of the period's budget that is used; above 1 is overdrawn. Null when no errors were measured. */
  readonly used: number | null;
  readonly alerts: readonly BurnAlert[];
  /** The fastest alert that fires. */
  readonly firing: "page" | "ticket" | null;
}

/** Long and short window in seconds, and the factor: 2 %, 5 % and 10 % of a 30-day budget in the long one. */
const rules = [
  [3600, 300, 14.4],
  [21_600, 1800, 6],
  [259_200, 21_600, 1],
] as const;
const fewestRequests = 30;
/** Of an objective of 100 %, as in the score. */
const smallestBudget = 0.0001;

/** Sums of each window that ends with the last row, and of the whole period, which comes first. */
export function countWindows(rows: readonly CleanRow[]): WindowCount[] {
  const known = rows.filter(({ at }) => at !== null);
  const end = known.reduce((most, { at }) => Math.max(most, at ?? 0), 0);
  const start = known.reduce(
    (least, { at, intervalSeconds }) => Math.min(least, (at ?? 0) - intervalSeconds * 1000),
    end,
  );
  const seconds = [...new Set(rules.flat())];
  return [(end - start) / 1000, ...seconds].map((length) => {
    const inside = known.filter(({ at }) => (at ?? 0) > end - length * 1000);
    const withErrors = inside.filter(({ failed }) => failed !== null);
    return {
      seconds: length,
      covered: end - start >= length * 1000,
      requests: withErrors.reduce((sum, { weight }) => sum + weight, 0),
      errors: withErrors.length === 0 ? null : withErrors.reduce((sum, { failed }) => sum + (failed ?? 0), 0),
    };
  });
}

export function judgeBudget([whole, ...windows]: readonly WindowCount[], availability: number): ErrorBudget {
  const budget = Math.max(smallestBudget, 1 - availability);
  const alerts = rules.map(([longSeconds, shortSeconds, factor]) => {
    const long = windows.find(({ seconds }) => seconds === longSeconds);
    const longBurn = burnOf(long, budget);
    const shortBurn = burnOf(
      windows.find(({ seconds }) => seconds === shortSeconds),
      budget,
    );
    const judged = long?.covered === true && long.requests >= fewestRequests && longBurn !== null && shortBurn !== null;
    const firing = judged ? longBurn > factor && shortBurn > factor : null;
    return { longSeconds, shortSeconds, factor, longBurn, shortBurn, firing };
  });
  const fastest = alerts.findIndex(({ firing }) => firing === true);
  return {
    budget: rounded(budget, 4),
    used: burnOf(whole, budget),
    alerts,
    firing: fastest < 0 ? null : fastest < 2 ? "page" : "ticket",
  };
}

function burnOf(window: WindowCount | undefined, budget: number): number | null {
  if (!window || window.errors === null || window.requests <= 0) return null;
  return rounded(window.errors / window.requests / budget, 4);
}

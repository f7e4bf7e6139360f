// Durations as people write them: `500ms`, `10s`, `1h30m`, or a plain number of milliseconds.
// The text form is the one of the Kubernetes Gateway API (GEP-2257), so that a route's timeouts carry over unchanged.

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
export const durationPattern = /^(\d{1,5}(?:h|m|s|ms)){1,4}$/;

/** Longer than any timer of a runtime holds makes no sense in a spec: 24 hours. */
export const maxDurationMs = 24 * 3_600_000;

/** Milliseconds, or null when it is no duration. */
export function parseDuration(value: string | number): number | null {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : null;
  if (!durationPattern.test(value)) return null;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+)(ms|h|m|s)/g))
    total += Number(amount) * (unitMs[unit ?? ""] ?? 0);
  return total;
}

/** For a value that the schema has checked already. */
export function toMs(value: string | number): number {
  return parseDuration(value) ?? 0;
}

/** The value in milliseconds, else the default. */
export function msOr(value: string | number | undefined, defaultMs: number): number {
  return value === undefined ? defaultMs : toMs(value);
}

// Spans of time as people write them: `15m`, `24h`, `7d`. Pure.
import { TuskError } from "../../base/errors.js";

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const longestMs = 366 * unitMs.d;

/** Milliseconds. Throws REQUEST_INVALID for what is no span, is 0, or is longer than a year. */
export function parsePeriod(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text.trim());
  const ms = match ? Number(match[1]) * unitMs[match[2] as keyof typeof unitMs] : 0;
  if (ms > 0 && ms <= longestMs) return ms;
  throw new TuskError("REQUEST_INVALID", `"${text.slice(0, 40)}" is no period`, {
    hint: "a number with s, m, h or d: 15m, 24h, 7d",
  });
}

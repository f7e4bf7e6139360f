// How many requests a service takes at a time, found out from its latency: more as long as latency stays near the lowest
// that was measured, fewer in proportion as it grows beyond that. The rule is the gradient of Envoy's adaptive concurrency
// filter and of Netflix' concurrency-limits (increase by the square root, decrease by the ratio of latencies); the
// baseline is the lowest mean of any window of the last minutes. Pure.

export interface AdaptivePolicy {
  /** Fewest at a time, >= 1. */
  readonly min: number;
  readonly max: number;
  /** Latency up to so many times the baseline is no reason to take fewer; above 1. */
  readonly tolerance: number;
}

export interface AdaptiveState {
  /** At a time; a whole number of requests fits below it. */
  readonly limit: number;
  /** Lowest mean latency of a window within the last minutes. Null: none was measured yet. */
  readonly baselineMs: number | null;
  /** Window that is being measured: monotonic begin, answers, sum of their latencies, most at a time. */
  readonly begunAt: number;
  readonly answers: number;
  readonly sumMs: number;
  readonly peak: number;
  /** Lowest mean of each span, newest first; the baseline is the lowest of them. */
  readonly minima: readonly { readonly begunAt: number; readonly ms: number }[];
}

/** A window decides when it is at least so long and holds so many answers. */
export const windowMs = 1_000;
const windowAnswers = 10;
/** The baseline is measured anew over so long, in spans. */
const spanMs = 30_000;
const spans = 10;
const begin = 100;
/** One window takes at most half of the limit away. */
const steepest = 0.5;

export function startAdaptive(policy: AdaptivePolicy, now: number): AdaptiveState {
  const limit = Math.min(policy.max, Math.max(policy.min, begin));
  return { limit, baselineMs: null, begunAt: now, answers: 0, sumMs: 0, peak: 0, minima: [] };
}

/** One answer: how long it took, and how many requests there were at a time when it came. */
export interface Measured {
  readonly tookMs: number;
  readonly inFlight: number;
}

export function stepAdaptive(
  state: AdaptiveState,
  { tookMs, inFlight }: Measured,
  { now, policy }: { readonly now: number; readonly policy: AdaptivePolicy },
): AdaptiveState {
  const answers = state.answers + 1;
  const sumMs = state.sumMs + tookMs;
  const peak = Math.max(state.peak, inFlight);
  if (now - state.begunAt < windowMs || answers < windowAnswers) return { ...state, answers, sumMs, peak };
  const sampleMs = sumMs / answers;
  const minima = withSample(state.minima, sampleMs, now);
  const baselineMs = Math.min(...minima.map(({ ms }) => ms));
  const limit = nextLimit(state.limit, { gradient: gradientOf(baselineMs, sampleMs, policy), peak }, policy);
  return { limit, baselineMs, begunAt: now, answers: 0, sumMs: 0, peak: 0, minima };
}

function withSample(minima: AdaptiveState["minima"], ms: number, now: number): AdaptiveState["minima"] {
  const [newest, ...older] = minima.filter(({ begunAt }) => now - begunAt < spanMs * spans);
  if (newest === undefined) return [{ begunAt: now, ms }];
  if (now - newest.begunAt >= spanMs) return [{ begunAt: now, ms }, newest, ...older].slice(0, spans);
  return [{ begunAt: newest.begunAt, ms: Math.min(newest.ms, ms) }, ...older];
}

/** 1: as fast as it should be; less: by so much too slow. */
function gradientOf(baselineMs: number, sampleMs: number, { tolerance }: AdaptivePolicy): number {
  if (sampleMs <= baselineMs * tolerance) return 1;
  return Math.max(steepest, (baselineMs * tolerance) / sampleMs);
}

interface Verdict {
  readonly gradient: number;
  readonly peak: number;
}

/** A limit that was not nearly reached says nothing about whether more would do. */
function nextLimit(limit: number, { gradient, peak }: Verdict, { min, max }: AdaptivePolicy): number {
  if (gradient < 1) return Math.max(min, limit * gradient);
  const isUsed = peak >= limit / 2;
  return isUsed ? Math.min(max, limit + Math.sqrt(limit)) : Math.min(max, Math.max(min, limit));
}

// Compares the endpoints of one fleet over an interval: which of them fail much more often than they may, or than the
// others. For failures that come and go, which never make a row. Each comparison needs enough answers of an endpoint
// and enough endpoints: below that it tells noise, and nothing is decided. Pure.

export interface FleetSample {
  /** Within the interval. */
  readonly answers: number;
  readonly failures: number;
}

interface Minimum {
  /** Endpoints with enough answers; with fewer nothing is decided. */
  readonly minimumHosts: number;
  /** Answers of one endpoint within the interval. */
  readonly minimumRequests: number;
}

export interface FailurePercentagePolicy extends Minimum {
  /** Share of failures that ejects, above 0, to 1. */
  readonly threshold: number;
}

export interface SuccessRatePolicy extends Minimum {
  /** An endpoint is ejected whose success rate is this many standard deviations below the mean. */
  readonly deviations: number;
}

export interface FleetOutlierPolicy {
  readonly failurePercentage?: FailurePercentagePolicy;
  readonly successRate?: SuccessRatePolicy;
}

/** For each sample why its endpoint is to be ejected, or null. */
export function findFleetOutliers(samples: readonly FleetSample[], policy: FleetOutlierPolicy): (string | null)[] {
  const byShare = policy.failurePercentage ? aboveShare(samples, policy.failurePercentage) : [];
  const byRate = policy.successRate ? belowOthers(samples, policy.successRate) : [];
  return samples.map((_, index) => byShare[index] ?? byRate[index] ?? null);
}

function aboveShare(samples: readonly FleetSample[], policy: FailurePercentagePolicy): (string | null)[] {
  if (judged(samples, policy).length < policy.minimumHosts) return [];
  return samples.map(({ answers, failures }) => {
    if (answers < policy.minimumRequests || failures < policy.threshold * answers) return null;
    return `${failures} of ${answers} answers were failures, which is ${percent(policy.threshold)} or more`;
  });
}

function belowOthers(samples: readonly FleetSample[], policy: SuccessRatePolicy): (string | null)[] {
  const rates = judged(samples, policy).map(successRate);
  if (rates.length < policy.minimumHosts) return [];
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) * (rate - mean), 0) / rates.length;
  const least = mean - policy.deviations * Math.sqrt(variance);
  return samples.map((sample) => {
    const rate = successRate(sample);
    if (sample.answers < policy.minimumRequests || rate >= least) return null;
    return `its success rate of ${percent(rate)} is far below the mean of ${percent(mean)}`;
  });
}

const judged = (samples: readonly FleetSample[], { minimumRequests }: Minimum): readonly FleetSample[] =>
  samples.filter(({ answers }) => answers >= minimumRequests);
const successRate = ({ answers, failures }: FleetSample): number => 1 - failures / answers;
const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

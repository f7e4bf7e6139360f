// Published methods, written anew from their papers, to stand beside ours on the same cases. Neither knows the call
// graph beyond which services the symptom depends on, and neither can say that nothing is wrong.
import { dependencies } from "../../dist/src/fujsen/root-cause/measure-failure.js";
import { quantile, sorted } from "../../dist/src/fujsen/root-cause/robust.js";

/** BARO's RobustScorer (Pham, Ha, Zhang: BARO, FSE 2024): how far above the median in interquartile ranges, at most. */
export const barosRobustScorer = (data) =>
  rank(data, (reference) => {
    const ascending = sorted(reference);
    return { centre: quantile(ascending, 0.5), scale: quantile(ascending, 0.75) - quantile(ascending, 0.25) };
  });

/** N-Sigma (as in BARO's comparison): how far above the mean in standard deviations, at most. */
export const nSigma = (data) =>
  rank(data, (reference) => {
    const kept = sorted(reference);
    const centre = kept.reduce((sum, value) => sum + value, 0) / kept.length;
    const variance = kept.reduce((sum, value) => sum + (value - centre) * (value - centre), 0) / kept.length;
    return { centre, scale: Math.sqrt(variance) };
  });

function rank({ failure: { from, to, symptom }, series, calls = [] }, fit) {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const candidates = symptom ? dependencies(calleesOf(calls), symptom.service) : null;
  const scores = new Map();
  for (const { service, caller, metric, timestamps, values } of series) {
    if (caller !== undefined || (candidates && !candidates.has(service)) || (symptom && metric !== symptom.metric))
      continue;
    const isFailing = (index) => timestamps[index] > first && timestamps[index] <= last;
    const inUnit = values.map((value) => (metric === "memory" && value !== null ? value / bytesUnit(values) : value));
    const { centre, scale } = fit(inUnit.filter((value, index) => value !== null && !isFailing(index)));
    // As scikit-learn's scalers do: a series that never moves is left as it is.
    const distances = inUnit.map((value, index) =>
      value === null || !isFailing(index) ? 0 : (value - centre) / (scale || 1),
    );
    const furthest = distances.reduce((most, value) => (value > most ? value : most), 0);
    scores.set(service, Math.max(scores.get(service) ?? 0, furthest));
  }
  return [...scores].map(([node, score]) => ({ node, score })).sort((left, right) => right.score - left.score);
}

/** These methods take memory in MB: bytes would decide everything where a scale is 0. */
const bytesUnit = (values) => (values.some((value) => value > 1e6) ? 1e6 : 1);

function calleesOf(calls) {
  const callees = new Map();
  for (const { caller, callee } of calls) callees.set(caller, [...(callees.get(caller) ?? []), callee]);
  return callees;
}

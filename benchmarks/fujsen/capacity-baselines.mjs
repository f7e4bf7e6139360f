// What else decides replicas: Kubernetes' HPA, a reactive Erlang C rule, and an oracle that knows the rates to come.
import { serversFor } from "../../dist/src/fujsen/capacity/erlang.js";
import { tickSeconds } from "./capacity-data.mjs";

const windowTicks = 300 / tickSeconds;

/** Kubernetes' rule with its defaults: tolerance 10 %, scale-down stabilization 300 s. The metric is not capped at 1. */
export function hpa(arrivals, serviceRate, { target, minReplicas }) {
  let replicas = minReplicas;
  const wanted = [];
  return arrivals.map((_, tick) => {
    const ratio = (arrivals[tick - 1] ?? 0) / tickSeconds / (replicas * serviceRate * target);
    const want = Math.abs(ratio - 1) <= 0.1 ? replicas : Math.max(minReplicas, Math.ceil(replicas * ratio));
    wanted.push(want);
    replicas = want > replicas ? want : Math.min(replicas, Math.max(...wanted.slice(-windowTicks - 1)));
    return replicas;
  });
}

/** Erlang C on the mean of the last minute, at most `share` of requests late. */
export function reactiveErlang(arrivals, serviceRate, objective) {
  const minute = 60 / tickSeconds;
  const wanted = arrivals.map((_, tick) => {
    const last = arrivals.slice(Math.max(0, tick - minute), tick);
    return serversFor(last.reduce((sum, count) => sum + count, 0) / minute / tickSeconds, serviceRate, objective);
  });
  return held(wanted);
}

/** Knows the true rates until a replica that is started now serves, and a minute more. */
export function oracle(rates, serviceRate, { objective, startSeconds }) {
  const ahead = (startSeconds + 60) / tickSeconds;
  return held(
    rates.map((_, tick) => serversFor(Math.max(...rates.slice(tick, tick + ahead + 1)), serviceRate, objective)),
  );
}

function held(wanted) {
  return wanted.map((_, tick) => Math.max(...wanted.slice(Math.max(0, tick - windowTicks), tick + 1)));
}

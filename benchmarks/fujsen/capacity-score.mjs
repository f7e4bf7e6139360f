// Scores wanted replicas against a trace. A replica serves `startSeconds` after it was wanted, costs from the beginning,
// and stops at once. Each tick's late share is Erlang C's at the true rate, or 1 where a backlog (first come, first
// served) makes everybody wait too long; a minute violates when more of its requests are late than the objective allows.
import { waitExceedance } from "../../dist/src/fujsen/capacity/erlang.js";

/** `violating`: percent of minutes. `replicaHours` counts starting replicas. `changes`: ticks with another number. */
export function scoreReplicas({ rates, arrivals, desired, startSeconds, tickSeconds }, serviceRate, objective) {
  const minuteTicks = 60 / tickSeconds;
  let [ready, starting, backlog] = [desired[0], [], 0];
  let [replicaTicks, minutes, violating, changes, late, requests] = [0, 0, 0, 0, 0, 0];
  for (const [tick, rate] of rates.entries()) {
    ready += starting.filter(({ at }) => at <= tick).length;
    starting = starting.filter(({ at }) => at > tick);
    const change = desired[tick] - ready - starting.length;
    if (change !== 0) changes++;
    for (let index = 0; index < change; index++) starting.push({ at: tick + startSeconds / tickSeconds });
    const cancelled = Math.min(Math.max(0, -change), starting.length);
    starting.length -= cancelled;
    ready -= Math.max(0, -change) - cancelled;
    replicaTicks += desired[tick];
    const left = Math.max(0, backlog + arrivals[tick] - ready * serviceRate * tickSeconds);
    const longest = Math.max(backlog, left) / (ready * serviceRate);
    const share = longest > objective.seconds && (backlog > 0 || rate >= ready * serviceRate);
    late += rate * (share ? 1 : waitExceedance(ready, rate, serviceRate, objective.seconds));
    requests += rate;
    backlog = backlog > 0 || rate >= ready * serviceRate ? left : 0;
    if (tick % minuteTicks !== minuteTicks - 1) continue;
    minutes++;
    if (requests > 0 && late / requests > objective.share + 1e-9) violating++;
    [late, requests] = [0, 0];
  }
  return {
    violating: (100 * violating) / minutes,
    replicaHours: (replicaTicks * tickSeconds) / 3600,
    changes,
    minutes,
  };
}

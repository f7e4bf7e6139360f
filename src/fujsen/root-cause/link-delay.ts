// Time that is lost between two services: what the caller waited less what the callee says it took. Neither service's
// own numbers show a slow network; the difference shows nothing else.
import { type Deviation, deviation } from "./deviation.js";
import { compare } from "./names.js";
import type { Link, Observations } from "./observed.js";
import { median } from "./robust.js";

export interface LinkDelay {
  /** The service whose side of the network is slow. */
  readonly service: string;
  readonly caller: string;
  readonly callee: string;
  readonly deviation: Deviation;
}

/** Share of the usual waiting time that a link's difference may always vary by. */
const leastShare = 0.05;
/** A caller is blamed itself when this many of its links, and more than half of them, are slow together. */
const fewestSlowLinks = 3;

/** The worst link of each service that is to blame for one, strongest first. */
export function linkDelays(observations: Observations): LinkDelay[] {
  const measured = observations.links.flatMap((link) => lostTime(observations, link) ?? []);
  const leastSpread = leastShare * median(measured.map(({ waited }) => waited));
  const delays = measured.flatMap(({ link, lost }) => {
    const found = deviation(lost, observations.intervals, leastSpread);
    return found ? [{ link, deviation: found }] : [];
  });
  const slowCallers = callersToBlame(delays);
  const worst = new Map<string, LinkDelay>();
  for (const { link, deviation: found } of delays) {
    const { caller, callee } = link;
    const service = slowCallers.has(caller) ? caller : callee;
    if (found.strength > (worst.get(service)?.deviation.strength ?? 0)) {
      worst.set(service, { service, caller, callee, deviation: found });
    }
  }
  return [...worst.values()].sort((left, right) => compare(left.service, right.service));
}

function lostTime({ services, intervals }: Observations, link: Link) {
  const { byCaller } = link;
  const byCallee = link.byCallee ?? services.get(link.callee)?.latency;
  if (!byCaller || !byCallee) return null;
  const lost = byCaller.map((waited, index) => waited - (byCallee[index] ?? Number.NaN));
  return { link, lost, waited: median(intervals.reference.map((index) => byCaller[index] ?? Number.NaN)) };
}

function callersToBlame(delays: readonly { readonly link: Link; readonly deviation: Deviation }[]): Set<string> {
  const counts = new Map<string, { slow: number; all: number }>();
  for (const { link, deviation: found } of delays) {
    const count = counts.get(link.caller) ?? { slow: 0, all: 0 };
    counts.set(link.caller, count);
    count.all++;
    if (found.strength > 1) count.slow++;
  }
  const blamed = [...counts].filter(([, { slow, all }]) => slow >= fewestSlowLinks && slow * 2 > all);
  return new Set(blamed.map(([caller]) => caller));
}

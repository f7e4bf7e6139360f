// Instances that were missing, and memory that only grows.
import { type Finding, judge, mebibytes, wholePeriod } from "./finding.js";
import type { ServicePerformance } from "./performance.js";
import { percent } from "./service-performance.js";
import type { ServiceWindow } from "./windows.js";

/** A rolling restart makes instances unready for a while; more than this share of the time is not that. */
const usualUnready = 0.05;
/** And a start takes this many seconds: in a short period that is a large share, and still no news. */
const usualUnreadySeconds = 30;

export function detectUnready(service: ServicePerformance): Finding | null {
  const { unreadyShare, unreadySeconds, instances } = service.measured;
  if (unreadyShare === null || unreadyShare <= usualUnready) return null;
  if (unreadySeconds === null || unreadySeconds <= usualUnreadySeconds) return null;
  return {
    insight: {
      kind: "unready",
      service: service.service,
      ...judge(100 * (1 - unreadyShare), service),
      confidence: "high",
      message: `not every instance of ${service.service} was ready in ${percent(unreadyShare)} of the time`,
      evidence: {
        ...wholePeriod(service),
        measured: { unreadyShare, unreadySeconds, instances },
        comparedTo: { usualUnreadyShare: usualUnready, usualUnreadySeconds },
        edge: null,
      },
    },
    recommendation: {
      service: service.service,
      what: `find out why instances of ${service.service} are not ready`,
      why: `capacity that the spec asks for was missing in ${percent(unreadyShare)} of the time`,
      effect: "the instances that the spec asks for serve requests",
      how: `tusk explain ${service.service}`,
    },
  };
}

/** Ten minutes at least, of which each third uses more than the one before, half as much again in all. */
const shortestMs = 600_000;
const growth = 1.5;

export function detectGrowing(service: ServicePerformance): Finding | null {
  const measured = service.windows.filter(({ memoryBytes }) => memoryBytes !== null);
  const [first, last] = [measured[0], measured.at(-1)];
  if (!first || !last || Date.parse(last.to) - Date.parse(first.from) < shortestMs) return null;
  const third = Math.floor(measured.length / 3);
  if (third < 2) return null;
  const [early, middle, late] = [
    mean(measured.slice(0, third)),
    mean(measured.slice(third, -third)),
    mean(measured.slice(-third)),
  ];
  if (early <= 0 || middle <= early || late <= middle || late < early * growth) return null;
  return growing(service, [first, last], [early, late]);
}

function growing(
  service: ServicePerformance,
  [first, last]: readonly [ServiceWindow, ServiceWindow],
  [early, late]: readonly [number, number],
): Finding {
  return {
    insight: {
      kind: "memory-growing",
      service: service.service,
      severity: "warning",
      confidence: "high",
      cost: 0,
      message: `${service.service}'s memory grew from ${mebibytes(early)} to ${mebibytes(late)} without a pause`,
      evidence: {
        from: first.from,
        to: last.to,
        measured: { lastThirdBytes: Math.round(late) },
        comparedTo: { firstThirdBytes: Math.round(early) },
        edge: null,
      },
    },
    recommendation: {
      service: service.service,
      what: `look for what ${service.service} keeps`,
      why: `its memory is ${percent(late / early - 1)} above that of the first third of the period and still rising`,
      effect: "memory stays level, and the machine does not run out of it",
      how: `take a heap snapshot of ${service.service}; until then tusk restart ${service.service} frees it`,
    },
  };
}

function mean(windows: readonly ServiceWindow[]): number {
  return windows.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0) / Math.max(1, windows.length);
}

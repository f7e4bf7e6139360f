// A service that does not measure itself, because it is somebody else's or because it is down, is measured by its
// callers: without that, a service that crashed would be no suspect, and those who call it would be blamed.
import type { Link, ServiceMetrics } from "./observed.js";

/** Fills what the services did not measure themselves; what they did measure stays. */
export function addCallersView(services: Map<string, ServiceMetrics>, links: readonly Link[], length: number): void {
  const byCallee = new Map<string, Link[]>();
  for (const link of links) byCallee.set(link.callee, [...(byCallee.get(link.callee) ?? []), link]);
  for (const [service, incoming] of byCallee) {
    const seen = seenByCallers(incoming, length);
    const own = services.get(service) ?? {};
    const filled: ServiceMetrics = { ...own };
    for (const metric of ["requests", "errorRate", "latency"] as const) {
      const values = seen[metric];
      if (values) filled[metric] = fill(own[metric], values, metric === "requests");
    }
    services.set(service, filled);
  }
}

function fill(own: Float64Array | undefined, seen: Float64Array, zeroIsMissing: boolean): Float64Array {
  if (!own) return seen;
  return own.map((value, index) => {
    const isMissing = Number.isNaN(value) || (zeroIsMissing && value === 0);
    const other = seen[index] ?? Number.NaN;
    return isMissing && !Number.isNaN(other) ? other : value;
  });
}

function seenByCallers(incoming: readonly Link[], length: number): ServiceMetrics {
  const counted = incoming.filter(({ requests }) => requests);
  if (counted.length === 0) return {};
  const requests = sumOf(counted, length, () => 1);
  const share = (read: (link: Link, index: number) => number | undefined): Float64Array =>
    sumOf(counted, length, read).map((sum, index) => sum / (requests[index] ?? 0));
  return {
    requests,
    ...(counted.some(({ errorRate }) => errorRate) && { errorRate: share((link, index) => link.errorRate?.[index]) }),
    ...(counted.some(({ byCaller }) => byCaller) && { latency: share((link, index) => link.byCaller?.[index]) }),
  };
}

/** Sum over the links of requests times the value; NaN where no link was measured, or nothing was asked. */
function sumOf(
  links: readonly Link[],
  length: number,
  read: (link: Link, index: number) => number | undefined,
): Float64Array {
  return Float64Array.from({ length }, (_, index) => {
    let [sum, measured] = [0, false];
    for (const link of links) {
      const part = (link.requests?.[index] ?? Number.NaN) * (read(link, index) ?? Number.NaN);
      if (Number.isNaN(part)) continue;
      sum += part;
      measured = true;
    }
    return measured ? sum : Number.NaN;
  });
}

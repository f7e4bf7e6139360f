// The Prometheus text format (version 0.0.4) of what the workers count and the supervisor sees. Counters are the
// workers' own cumulative ones, so that a scrape that was missed loses nothing. Pure.
import { type LatencyHistogram, mergeHistograms } from "../../base/latency-histogram.js";
import type { WorkerStats } from "../../keeper/protocol.js";
import type { InstanceView } from "../../orchestrator/orchestrator.js";

/** Upper bounds in seconds; Prometheus' usual ones, with finer steps below 5 ms, where calls on one machine are. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Labels = Readonly<Record<string, string>>;

export function renderPrometheus(stats: readonly WorkerStats[], views: readonly InstanceView[]): string {
  return [...edgeFamilies(stats), ...endpointFamilies(stats), ...instanceFamilies(views)]
    .flat()
    .join("\n")
    .concat("\n");
}

interface EdgeTotals {
  readonly labels: Labels;
  readonly requests: number;
  readonly errors: number;
  readonly retries: number;
  readonly tunnels: number;
  readonly tunnelsOpen: number;
  readonly latency: LatencyHistogram;
}

function edgeFamilies(stats: readonly WorkerStats[]): string[][] {
  const edges = totalsOf(stats);
  const counter = (name: string, help: string, pick: (edge: EdgeTotals) => number): string[] =>
    family(
      name,
      "counter",
      help,
      edges.map((edge) => line(name, edge.labels, pick(edge))),
    );
  return [
    counter("tusk_requests_total", "Requests by caller and callee.", (edge) => edge.requests),
    counter("tusk_request_errors_total", "Requests that ended with 5xx or with no answer.", (edge) => edge.errors),
    counter("tusk_retries_total", "Attempts after the first.", (edge) => edge.retries),
    counter("tusk_tunnels_total", "WebSockets opened.", (edge) => edge.tunnels),
    family(
      "tusk_tunnels_open",
      "gauge",
      "WebSockets open now.",
      edges.map((edge) => line("tusk_tunnels_open", edge.labels, edge.tunnelsOpen)),
    ),
    family(
      "tusk_request_duration_seconds",
      "histogram",
      "Time to the end of the answer.",
      edges.flatMap((edge) => histogramLines("tusk_request_duration_seconds", edge.labels, edge.latency)),
    ),
  ];
}

function totalsOf(stats: readonly WorkerStats[]): EdgeTotals[] {
  const groups = new Map<string, WorkerStats["edges"][number][]>();
  for (const edge of stats.flatMap((worker) => worker.edges)) {
    const key = `${edge.caller} ${edge.callee}`;
    groups.set(key, [...(groups.get(key) ?? []), edge]);
  }
  return [...groups.values()].map((group) => ({
    labels: { caller: group[0]?.caller ?? "", callee: group[0]?.callee ?? "" },
    requests: sum(group.map((edge) => edge.requests)),
    errors: sum(group.map((edge) => edge.errors)),
    retries: sum(group.map((edge) => edge.retries)),
    tunnels: sum(group.map((edge) => edge.tunnels)),
    tunnelsOpen: sum(group.map((edge) => edge.tunnelsOpen)),
    latency: mergeHistograms(group.map((edge) => edge.latency)),
  }));
}

function endpointFamilies(stats: readonly WorkerStats[]): string[][] {
  const endpoints = stats.flatMap((worker) =>
    worker.endpoints.map((endpoint) => ({ ...endpoint, worker: String(worker.pid) })),
  );
  const gauge = (name: string, help: string, pick: (endpoint: (typeof endpoints)[number]) => number): string[] =>
    family(
      name,
      "gauge",
      help,
      endpoints.map((endpoint) =>
        line(name, { service: endpoint.cluster, endpoint: endpoint.endpoint, worker: endpoint.worker }, pick(endpoint)),
      ),
    );
  return [
    gauge("tusk_endpoint_in_flight", "Requests without a complete answer.", (endpoint) => endpoint.inFlight),
    gauge("tusk_endpoint_ejected", "1 while ejected from load balancing.", (endpoint) =>
      endpoint.ejectedUntilEpochMs === null ? 0 : 1,
    ),
  ];
}

function instanceFamilies(views: readonly InstanceView[]): string[][] {
  const gauge = (name: string, help: string, pick: (view: InstanceView) => number | null): string[] =>
    family(
      name,
      "gauge",
      help,
      views.flatMap((view) => {
        const value = pick(view);
        return value === null ? [] : [line(name, { service: view.service, instance: view.id }, value)];
      }),
    );
  return [
    gauge("tusk_instance_ready", "1 when it may receive traffic.", (view) => (view.ready ? 1 : 0)),
    gauge("tusk_instance_restarts", "Restarts of the slot.", (view) => view.restarts),
    gauge("tusk_instance_cpu_cores", "Cores in use, whole process tree.", (view) =>
      view.cpuPercent === null ? null : view.cpuPercent / 100,
    ),
    gauge("tusk_instance_memory_bytes", "Proportional set size, whole process tree.", (view) => view.memoryBytes),
  ];
}

function histogramLines(name: string, labels: Labels, latency: LatencyHistogram): string[] {
  const buckets = bounds.map((bound) =>
    line(`${name}_bucket`, { ...labels, le: String(bound) }, countUpTo(latency, bound * 1000)),
  );
  return [
    ...buckets,
    line(`${name}_bucket`, { ...labels, le: "+Inf" }, latency.count),
    line(`${name}_sum`, labels, latency.sumMs / 1000),
    line(`${name}_count`, labels, latency.count),
  ];
}

/** A bucket counts by its upper edge, so that a bound is never too generous. */
function countUpTo({ gamma, buckets, zero }: LatencyHistogram, ms: number): number {
  const last = Math.floor(Math.log(ms) / Math.log(gamma) + 1e-9);
  return zero + sum(buckets.filter(([index]) => index <= last).map(([, count]) => count));
}

function family(name: string, type: string, help: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

function line(name: string, labels: Labels, value: number): string {
  const shown = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}{${shown.join(",")}} ${value}`;
}

const escapeLabel = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

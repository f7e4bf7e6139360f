// The demo's table: what ran, what it served, how fast, and what the analysis makes of it.

import type { TuskMicroservices } from "tusklang";
import type { MicroservicesTuskDBIntegration, ServiceManager } from "tusklang/microservices";

export interface ServiceLine {
  readonly service: string;
  readonly instances: number;
  readonly health: string;
  readonly requests: number;
  /** Milliseconds; null when nothing was asked of it. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly errors: number;
  /** 0 to 100; null when nothing was measured. */
  readonly score: number | null;
  readonly insights: number;
}

export interface Report {
  readonly lines: readonly ServiceLine[];
  readonly score: number | null;
  readonly summary: string;
  readonly insights: readonly string[];
}

interface Sources {
  readonly platform: TuskMicroservices;
  readonly serviceManager: ServiceManager;
  readonly tuskdb: MicroservicesTuskDBIntegration;
}

export async function makeReport({ platform, serviceManager, tuskdb }: Sources): Promise<Report> {
  const analysis = await tuskdb.analyzeMicroservicesPerformance("1h");
  if (!analysis.success) throw new Error(analysis.error);
  const { performanceScore, services, insights } = analysis;
  const live = await platform.control.data.live();
  const lines = live.map(async ({ service, instances, requests, p50, p95, p99, errors }) => ({
    service,
    instances,
    health: (await serviceManager.performHealthCheck(service)).status,
    requests,
    p50,
    p95,
    p99,
    errors,
    score: services.find((one) => one.service === service)?.score ?? null,
    insights: insights.insights.filter((insight) => insight.service === service).length,
  }));
  return {
    lines: await Promise.all(lines),
    score: performanceScore,
    summary: insights.summary,
    insights: insights.insights.map(({ service, message }) => `${service}: ${message}`),
  };
}

const columns: readonly (readonly [title: string, value: (line: ServiceLine) => string])[] = [
  ["SERVICE", ({ service }) => service],
  ["INSTANCES", ({ instances }) => String(instances)],
  ["HEALTH", ({ health }) => health],
  ["REQUESTS", ({ requests }) => String(requests)],
  ["P50", ({ p50 }) => milliseconds(p50)],
  ["P95", ({ p95 }) => milliseconds(p95)],
  ["P99", ({ p99 }) => milliseconds(p99)],
  ["ERRORS", ({ errors }) => String(errors)],
  ["SCORE", ({ score }) => score?.toFixed(1) ?? "-"],
  ["INSIGHTS", ({ insights }) => String(insights)],
];

export function renderReport({ lines, summary, insights }: Report): string {
  const rows = [columns.map(([title]) => title), ...lines.map((line) => columns.map(([, value]) => value(line)))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...table, "", summary, ...insights.map((insight) => `  ${insight}`)].join("\n");
}

const milliseconds = (value: number | null): string => (value === null ? "-" : `${value.toFixed(1)}ms`);

// Rows of TuskDB, the live table and the performance report as text. Pure.
import type { LiveMetrics, PerformanceReport, SqlRow, SqlValue } from "../control/data-access.js";
import { count, formatBytes, withoutControls } from "./format.js";
import type { Style } from "./style.js";
import { type Column, renderTable } from "./table.js";

const widestCell = 80;

export function renderRows(rows: readonly SqlRow[], style: Style): string {
  const [first] = rows;
  if (!first) return "no rows";
  const columns = Object.keys(first).map(
    (title): Column<SqlRow> => ({
      title,
      value: (row) => toCell(row[title] ?? null),
      align: rows.every((row) => row[title] === null || typeof row[title] === "number") ? "right" : "left",
    }),
  );
  return `${renderTable(rows, columns, style)}\n${style.dim(count(rows.length, "row"))}`;
}

function toCell(value: SqlValue): string {
  if (value === null) return "-";
  const text = withoutControls(typeof value === "object" ? JSON.stringify(value) : String(value));
  return text.length > widestCell ? `${text.slice(0, widestCell - 1)}…` : text;
}

export function renderLive(live: readonly LiveMetrics[], style: Style): string {
  if (live.length === 0) return "no services";
  const right = (title: string, value: (row: LiveMetrics) => string): Column<LiveMetrics> => ({
    title,
    value,
    align: "right",
  });
  return renderTable(
    live,
    [
      { title: "SERVICE", value: (row) => row.service },
      right("READY", (row) => `${row.ready}/${row.instances}`),
      right("REQ/S", (row) => row.throughput.toFixed(1)),
      right("ERRORS", (row) => (row.errorRate === null ? "-" : `${(row.errorRate * 100).toFixed(1)}%`)),
      right("P50", (row) => formatLatency(row.p50)),
      right("P95", (row) => formatLatency(row.p95)),
      right("P99", (row) => formatLatency(row.p99)),
      right("REQUESTS", (row) => String(row.requests)),
      right("CPU", (row) => (row.cpu === null ? "-" : row.cpu.toFixed(2))),
      right("MEMORY", (row) => formatBytes(row.memoryBytes)),
    ],
    style,
  );
}

/** Milliseconds, as many digits as matter. */
export function formatLatency(ms: number | null): string {
  if (ms === null) return "-";
  return ms < 10 ? `${ms.toFixed(1)}ms` : ms < 10_000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(1)}s`;
}

export function renderReport(report: PerformanceReport, style: Style): string {
  const head = `${report.from.slice(0, 19)} to ${report.to.slice(0, 19)}, ${count(report.metricsAnalyzed, "row")}`;
  if (report.performanceScore === null)
    return `no score: ${report.noData ?? "nothing was measured"}\n${style.dim(head)}`;
  const lines = [`performance score ${style.bold(report.performanceScore.toFixed(1))} of 100`, style.dim(head), ""];
  for (const { service, score, reason } of report.services) {
    lines.push(`  ${service}  ${score === null ? "no score" : score.toFixed(1)}  ${reason}`);
  }
  for (const { what, why } of report.recommendations) {
    lines.push("", `${style.bold("→")} ${what}`, `  ${why}`);
  }
  return lines.join("\n");
}

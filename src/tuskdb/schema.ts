// The tables of TuskDB and their history, as data: one definition for both engines. A migration that has shipped is
// never edited; a change is a new one at the end.

/** `json` keeps its text as written, so that a recorded decision replays to the identical value. */
export type ColumnType = "uuid" | "timestamp" | "text" | "number" | "integer" | "json";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly required?: boolean;
  /** Makes the table's rows unique by it, so that importing the same row twice stores it once. */
  readonly primary?: boolean;
}

export type SchemaChange =
  | { readonly kind: "table"; readonly table: string; readonly columns: readonly Column[] }
  | { readonly kind: "column"; readonly table: string; readonly column: Column }
  | { readonly kind: "index"; readonly table: string; readonly columns: readonly string[] };

export interface Migration {
  /** Counts up from 1 without gaps. */
  readonly version: number;
  readonly name: string;
  readonly changes: readonly SchemaChange[];
}

export const metricsTable = "microservices_metrics";

export const tables = [metricsTable, "edges", "events", "decisions"] as const;

const latencyColumns: readonly Column[] = [
  { name: "p50", type: "number" },
  { name: "p95", type: "number" },
  { name: "p99", type: "number" },
  { name: "sketch", type: "json" },
];

/** NULL as measured; 60 or 3600 when the row stands for what was measured in that many seconds. */
const resolution: Column = { name: "resolution_seconds", type: "integer" };

/** The seven columns that the documentation names come first, in its order. Units are in docs/formats/tuskdb.md. */
const metricsColumns: readonly Column[] = [
  { name: "timestamp", type: "timestamp", required: true },
  { name: "service_id", type: "text", required: true },
  { name: "response_time", type: "number" },
  { name: "throughput", type: "number" },
  { name: "error_rate", type: "number" },
  { name: "cpu_usage", type: "number" },
  { name: "memory_usage", type: "number" },
  { name: "id", type: "uuid", required: true },
  { name: "interval_seconds", type: "number" },
  { name: "requests", type: "integer" },
  { name: "errors", type: "integer" },
  ...latencyColumns,
  { name: "instances", type: "number" },
  { name: "ready", type: "number" },
  resolution,
];

const edgeColumns: readonly Column[] = [
  { name: "timestamp", type: "timestamp", required: true },
  { name: "caller", type: "text", required: true },
  { name: "callee", type: "text", required: true },
  { name: "id", type: "uuid", required: true },
  { name: "interval_seconds", type: "number" },
  { name: "requests", type: "integer" },
  { name: "errors", type: "integer" },
  { name: "retries", type: "integer" },
  ...latencyColumns,
  resolution,
];

const eventColumns: readonly Column[] = [
  { name: "id", type: "uuid", primary: true },
  { name: "timestamp", type: "timestamp", required: true },
  { name: "kind", type: "text", required: true },
  { name: "level", type: "text", required: true },
  { name: "service", type: "text" },
  { name: "instance", type: "text" },
  { name: "message", type: "text", required: true },
  { name: "details", type: "json" },
];

const decisionColumns: readonly Column[] = [
  { name: "id", type: "uuid", primary: true },
  { name: "timestamp", type: "timestamp", required: true },
  { name: "function", type: "text", required: true },
  { name: "version", type: "text", required: true },
  { name: "inputs", type: "json" },
  { name: "output", type: "json" },
  { name: "evidence", type: "json" },
  { name: "context", type: "json" },
];

/** An index pays only on a server: DuckDB skips by the minimum and maximum of each row group, and rows come in order. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "metrics, edges, events and decisions",
    changes: [
      { kind: "table", table: metricsTable, columns: metricsColumns },
      { kind: "index", table: metricsTable, columns: ["timestamp"] },
      { kind: "index", table: metricsTable, columns: ["service_id", "timestamp"] },
      { kind: "table", table: "edges", columns: edgeColumns },
      { kind: "index", table: "edges", columns: ["timestamp"] },
      { kind: "table", table: "events", columns: eventColumns },
      { kind: "index", table: "events", columns: ["timestamp"] },
      { kind: "table", table: "decisions", columns: decisionColumns },
      { kind: "index", table: "decisions", columns: ["timestamp"] },
    ],
  },
];

// Metrics that programs hand in, to rows: validated, in our units, missing fields null. What was understood
// differently from how it was written is said in the notes; what cannot be understood is a problem with its path.
import type { Problem } from "../base/errors.js";
import { nearestName } from "../base/nearest-name.js";
import type { MetricsRow } from "./metrics-row.js";
import { parseQuantity, type Quantity, shown } from "./quantities.js";

export type ProcessedMetrics =
  | { readonly ok: true; readonly rows: readonly MetricsRow[]; readonly notes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Measure = Exclude<keyof MetricsRow, "timestamp" | "serviceId" | "intervalSeconds">;

/** Fields by their name in snake_case; camelCase is the same field. */
const measures: Readonly<Record<string, { readonly field: Measure; readonly quantity: Quantity }>> = {
  response_time: { field: "responseTime", quantity: "milliseconds" },
  throughput: { field: "throughput", quantity: "perSecond" },
  error_rate: { field: "errorRate", quantity: "share" },
  cpu_usage: { field: "cpuUsage", quantity: "cores" },
  memory_usage: { field: "memoryUsage", quantity: "bytes" },
  requests: { field: "requests", quantity: "count" },
  errors: { field: "errors", quantity: "count" },
  p50: { field: "p50", quantity: "milliseconds" },
  p95: { field: "p95", quantity: "milliseconds" },
  p99: { field: "p99", quantity: "milliseconds" },
  instances: { field: "instances", quantity: "count" },
  ready: { field: "ready", quantity: "count" },
};
const knownNames = ["timestamp", "service_id", "interval_seconds", ...Object.keys(measures)];

/** More rows in one call are refused. */
export const mostRows = 10_000;
const mostProblems = 100;
const mostNotes = 100;

interface Findings {
  readonly problems: Problem[];
  readonly notes: string[];
}

/**
 * One object or a list of them with the fields service_id, timestamp, response_time (ms), throughput (requests/s),
 * error_rate (0 to 1), cpu_usage (cores), memory_usage (bytes), and optionally interval_seconds (default 1), requests,
 * errors, p50, p95, p99 (ms), instances, ready. Either all rows or all the problems; never throws.
 */
export function processMicroservicesMetrics(data: unknown): ProcessedMetrics {
  const found: Findings = { problems: [], notes: [] };
  const list = Array.isArray(data) ? data : [data];
  if (list.length > mostRows) {
    return {
      ok: false,
      problems: [{ path: "", message: `${list.length} rows, at most ${mostRows} are taken at once` }],
    };
  }
  const rows: MetricsRow[] = [];
  for (const [index, value] of list.entries()) {
    const row = parseRow(value, Array.isArray(data) ? `[${index}]` : "", found);
    if (row) rows.push(row);
    if (found.problems.length >= mostProblems) break;
  }
  if (found.problems.length > 0) return { ok: false, problems: found.problems.slice(0, mostProblems) };
  return { ok: true, rows, notes: shortened(found.notes) };
}

function parseRow(value: unknown, path: string, found: Findings): MetricsRow | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    found.problems.push({ path, message: "is not an object with the fields of a metrics row" });
    return null;
  }
  const before = found.problems.length;
  const fields = new FieldReader(value, path, found);
  const row: MetricsRow = {
    timestamp: readTimestamp(fields),
    serviceId: readServiceId(fields),
    ...readMeasures(fields),
    intervalSeconds: readInterval(fields),
  };
  if (row.errors !== null && row.requests !== null && row.errors > row.requests) {
    fields.problem("errors", `${row.errors} errors of ${row.requests} requests`);
  }
  fields.reportUnknown();
  return found.problems.length === before ? row : null;
}

/** The members of one object under both spellings; remembers which were asked for. */
class FieldReader {
  readonly #found: Findings;
  readonly #path: string;
  readonly #spellings = new Map<string, string>();
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(value: object, path: string, found: Findings) {
    this.#members = value as Readonly<Record<string, unknown>>;
    this.#path = path;
    this.#found = found;
    for (const spelling of Object.keys(value)) this.#add(spelling);
  }

  #add(spelling: string): void {
    const name = toSnakeCase(spelling);
    const earlier = this.#spellings.get(name);
    if (earlier !== undefined && this.#members[earlier] !== this.#members[spelling]) {
      this.problem(name, `is given twice, as \`${earlier}\` and as \`${spelling}\`, with different values`);
    }
    this.#spellings.set(name, spelling);
  }

  /** Undefined when it is absent; null counts as absent. */
  take(name: string): unknown {
    const spelling = this.#spellings.get(name);
    const value = spelling === undefined ? undefined : this.#members[spelling];
    return value === null ? undefined : value;
  }

  problem(name: string, message: string, hint?: string): void {
    const spelling = this.#spellings.get(name) ?? name;
    const path = this.#path === "" ? spelling : `${this.#path}.${spelling}`;
    this.#found.problems.push(hint === undefined ? { path, message } : { path, message, hint });
  }

  note(name: string, text: string): void {
    const spelling = this.#spellings.get(name) ?? name;
    this.#found.notes.push(`${this.#path === "" ? "" : `${this.#path}.`}${spelling}: ${text}`);
  }

  // A slip of the keyboard would lose a measurement, so it is refused; a field that is ours by no reading is left out.
  reportUnknown(): void {
    for (const [name, spelling] of this.#spellings) {
      if (knownNames.includes(name)) continue;
      const nearest = nearestName(name, knownNames);
      if (nearest !== null) this.problem(name, `\`${cut(spelling)}\` is no field`, `did you mean \`${nearest}\`?`);
      else
        this.#found.notes.push(`${this.#path === "" ? "" : `${this.#path}.`}${cut(spelling)}: not a metric, left out`);
    }
  }
}

function readServiceId(fields: FieldReader): string {
  const value = fields.take("service_id");
  if (typeof value === "string" && /^[^\p{Cc}]{1,253}$/u.test(value)) return value;
  fields.problem(
    "service_id",
    value === undefined ? "is missing" : "is not a name of 1 to 253 characters without control characters",
  );
  return "";
}

function readMeasures(fields: FieldReader): Record<Measure, number | null> {
  const read = Object.entries(measures).map(([name, { field, quantity }]) => [
    field,
    readQuantity(fields, name, quantity),
  ]);
  return Object.fromEntries(read) as Record<Measure, number | null>;
}

function readInterval(fields: FieldReader): number {
  const seconds = readQuantity(fields, "interval_seconds", "seconds");
  if (seconds === 0) fields.problem("interval_seconds", "is 0");
  return seconds ?? 1;
}

function readQuantity(fields: FieldReader, name: string, quantity: Quantity): number | null {
  const value = fields.take(name);
  if (value === undefined) return null;
  const parsed = parseQuantity(value, quantity);
  if (!parsed.ok) {
    fields.problem(name, parsed.message, parsed.hint);
    return null;
  }
  if (parsed.converted) fields.note(name, `${shown(String(value))} read as ${parsed.value}`);
  return parsed.value;
}

const isoForm = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?( ?Z|[+-]\d{2}:?\d{2})?$/;
// Seconds and milliseconds since 1970 cannot be confused between 2001 and 2286.
const [firstSeconds, lastSeconds] = [1e9, 1e10];

function readTimestamp(fields: FieldReader): string {
  const value = fields.take("timestamp");
  const ms = value instanceof Date ? value.getTime() : typeof value === "number" ? epochMs(value) : isoMs(value);
  if (ms === null || Number.isNaN(ms)) {
    const message = value === undefined ? "is missing" : "is not a time";
    fields.problem("timestamp", message, "expected ISO 8601 such as '2026-01-31T12:00:00Z', or the Unix time");
    return "";
  }
  const timestamp = new Date(ms).toISOString();
  const same = value instanceof Date || value === timestamp || value === timestamp.replace(".000Z", "Z");
  const given = typeof value === "number" ? String(value) : shown(String(value));
  if (!same) fields.note("timestamp", `${given} read as ${timestamp}${zoneNote(value)}`);
  return timestamp;
}

function epochMs(value: number): number | null {
  if (value >= firstSeconds && value < lastSeconds) return Math.round(value * 1000);
  return value >= firstSeconds * 1000 && value < lastSeconds * 1000 ? Math.round(value) : null;
}

// Without a zone the result of Date.parse would depend on the machine: such a time is taken as UTC.
function isoMs(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const found = value.length <= 40 ? isoForm.exec(value) : null;
  if (!found) return null;
  const text = value
    .replace(" ", "T")
    .replace(",", ".")
    .replace(" Z", "Z")
    .replace(/(\.\d{3})\d+/, "$1");
  const ms = Date.parse(found[1] === undefined ? `${text}Z` : text.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return isCalendarDay(value) ? ms : null;
}

// Date.parse takes 31 February for 3 March.
function isCalendarDay(text: string): boolean {
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
}

function zoneNote(value: unknown): string {
  return typeof value === "string" && isoForm.exec(value)?.[1] === undefined ? " (no zone given: UTC)" : "";
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const cut = (text: string): string => shown(text).slice(1, -1);

function shortened(notes: readonly string[]): readonly string[] {
  return notes.length <= mostNotes ? notes : [...notes.slice(0, mostNotes), `and ${notes.length - mostNotes} more`];
}

// The stored past for programs: series, edges, events, decisions, and files of them. Everything is read through the
// controller, which alone has the database open, keeps its schema and rolls its rows up.
import type { SqlRow, SqlValue } from "../control/data-access.js";
import {
  type EventQuery,
  type Metric,
  type PageQuery,
  readDecisions,
  readEdges,
  readEvents,
  readSeries,
  type SeriesPoint,
  type TimeRange,
} from "../tuskdb/data-manager.js";
import type { Reader } from "../tuskdb/database.js";
import { type ExportOptions, type ExportResult, exportTable } from "../tuskdb/export.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";

export type { EventQuery, ExportOptions, ExportResult, Metric, PageQuery, SeriesPoint, TimeRange };

export class MicroservicesDataManager {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /**
   * A point for every step of the range, null where nothing was measured. `metric` is a column of the table, such as
   * `response_time`; `from` and `to` are a Date, ISO 8601 or milliseconds since 1970; `step` is in seconds, 1 or more.
   * Throws REQUEST_INVALID.
   */
  async series(
    service: string,
    metric: Metric,
    from: TimeRange["from"],
    to: TimeRange["to"],
    step: number,
  ): Promise<readonly SeriesPoint[]> {
    return readSeries(await this.#reader(), { service, metric, from, to, stepSeconds: step });
  }

  /** Who called whom in the range: a row for each pair, its counts summed. Throws REQUEST_INVALID. */
  async edges(range: TimeRange): Promise<readonly SqlRow[]> {
    return readEdges(await this.#reader(), range);
  }

  /** Newest first; 1,000 unless `limit` says otherwise. */
  async events(query: EventQuery = {}): Promise<readonly SqlRow[]> {
    return readEvents(await this.#reader(), query);
  }

  /** What FUJSEN decided, newest first. */
  async decisions(query: PageQuery & { readonly function?: string } = {}): Promise<readonly SqlRow[]> {
    return readDecisions(await this.#reader(), query);
  }

  /** Writes a table as CSV or Parquet to an absolute path of this machine. Throws DB_TABLE_UNKNOWN, DB_FULL. */
  async export(options: ExportOptions): Promise<ExportResult> {
    return exportTable(await this.#reader(), options);
  }

  async #reader(): Promise<Reader> {
    const { data } = await this.#link.control();
    return { queryReadOnly: (sql, params = []) => data.query(sql, params.map(toSqlValue)) };
  }
}

/** Times travel as text. */
function toSqlValue(value: unknown): SqlValue {
  return value instanceof Date ? value.toISOString() : (value as SqlValue);
}

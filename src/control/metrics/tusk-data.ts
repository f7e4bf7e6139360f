// TuskDB as the controller uses it: opened late and in the background, fed by the collector and the event log, asked by
// the faces. What comes before it is open, or while it is away, waits in bounded queues.

import type { Clock, Timer } from "../../base/clock.js";
import { messageOf, TuskError } from "../../base/errors.js";
import type { EmitEvent, TuskEvent } from "../../base/event.js";
import { uuidv7 } from "../../system/clock.js";
import type { Database } from "../../tuskdb/database.js";
import type { Maintenance } from "../../tuskdb/maintenance.js";
import type {
  DataAccess,
  DecisionRecord,
  LiveMetrics,
  PerformanceReport,
  QueryOptions,
  SqlRow,
  SqlValue,
  StoredMetrics,
} from "../data-access.js";
import type { Analyst } from "./analyst.js";
import type { Row } from "./rows.js";

export interface TuskDataOptions {
  readonly open: () => Promise<Database>;
  readonly clock: Clock;
  readonly emit: EmitEvent;
  readonly live: () => readonly LiveMetrics[];
  readonly prometheus: () => Promise<string>;
  readonly analyst: (database: Database) => Promise<Analyst>;
  /** Past events that may not be in the database yet. */
  readonly pastEvents: () => readonly TuskEvent[];
}

/** Rows that wait for the database; beyond it the oldest are dropped, and an event says so. */
const queueLimit = 20_000;
/** Longest wait of rows that say of a service only that nothing happened. An insert costs the same for one row and for ten. */
const quietMs = 5_000;

/** Somebody who asks again and again is recorded this often. */
const sameQuestionMs = 60_000;

export class TuskData implements DataAccess {
  readonly #options: TuskDataOptions;
  readonly #queues = new Map<string, Row[]>();
  readonly #sampled = new Set<string>();
  readonly #onSample = new Set<() => void>();
  #database: Promise<Database> | null = null;
  readonly #askedAt = new Map<string, number>();
  #flushing: Promise<void> = Promise.resolve();
  #later: Timer | null = null;
  #maintenance: Maintenance | null = null;
  #dropped = 0;
  #begun = false;
  #closed = false;

  constructor(options: TuskDataOptions) {
    this.#options = options;
  }

  /** Opens it now; otherwise the first need does. Rejects with what is wrong. */
  database(): Promise<Database> {
    if (this.#closed) return Promise.reject(new TuskError("NOT_RUNNING", "the controller is stopping"));
    this.#database ??= this.#open();
    return this.#database;
  }

  async #open(): Promise<Database> {
    try {
      const database = await this.#options.open();
      await this.importEvents(this.#options.pastEvents(), database);
      const { Maintenance } = await import("../../tuskdb/maintenance.js");
      const { clock, emit } = this.#options;
      this.#maintenance = new Maintenance({ database, clock, emit });
      this.#maintenance.start();
      return database;
    } catch (error) {
      this.#database = null;
      throw error;
    }
  }

  /** From now on what is enqueued is stored; before, it only waits. */
  begin(): void {
    this.#begun = true;
    void this.#store();
  }

  /** Stores in the background, in order; rows of a quiet system a few seconds together, unless somebody asks before. */
  enqueue(table: string, rows: readonly Row[], { quiet = false }: { readonly quiet?: boolean } = {}): void {
    if (rows.length === 0 || this.#closed) return;
    // A new list: the one before may be on its way to the database, and must not grow there.
    const queue = [...(this.#queues.get(table) ?? []), ...rows];
    this.#dropped += Math.max(0, queue.length - queueLimit);
    this.#queues.set(table, queue.slice(-queueLimit));
    if (!this.#begun) return;
    if (!quiet || rows.some((row) => !this.#sampled.has(String(row.service_id)))) void this.#store();
    else this.#later ??= this.#options.clock.setTimer(quietMs, () => void this.#store());
  }

  /** Resolves when all that waits now is stored, or could not be. */
  #store(): Promise<void> {
    this.#later?.cancel();
    this.#later = null;
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async close(): Promise<void> {
    if (this.#begun) await this.#store();
    this.#closed = true;
    this.#later?.cancel();
    await this.#maintenance?.close();
    const database = await this.#database?.catch(() => null);
    await database?.close();
  }

  async #flush(): Promise<void> {
    const waiting = [...this.#queues].filter(([, rows]) => rows.length > 0);
    if (waiting.length === 0) return;
    try {
      const database = await this.database();
      // One transaction for all: making it durable costs more than the rows do.
      await database.transaction(async (_, insert) => {
        for (const [table, rows] of waiting) await insert(table, rows);
      });
      for (const [table, rows] of waiting) this.#leaveQueue(table, rows);
      this.#reportDropped();
    } catch (error) {
      // After a full disk, say, the engine answers nothing more: the next rows open it anew.
      if (error instanceof TuskError && error.code === "DB_UNAVAILABLE") this.#letGo();
      this.#report(error);
    }
  }

  /** Those that were dropped meanwhile, because too many came, are not there any more. */
  #leaveQueue(table: string, stored: readonly Row[]): void {
    const done = new Set(stored);
    this.#queues.set(
      table,
      (this.#queues.get(table) ?? []).filter((row) => !done.has(row)),
    );
    if (table === "microservices_metrics") this.#noteSamples(stored);
  }

  #letGo(): void {
    const broken = this.#database;
    this.#database = null;
    void this.#maintenance?.close();
    // What it says at its end is of no use any more.
    broken?.then((database) => database.close()).catch(() => undefined);
  }

  #failing = false;

  /** Once until it works again: the next rows try anew. */
  #report(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#options.emit({
      kind: "tuskdb.failed",
      level: "error",
      message: `metrics are not stored: ${messageOf(error)}`,
    });
  }

  #reportDropped(): void {
    if (this.#failing)
      this.#options.emit({ kind: "tuskdb.recovered", level: "info", message: "metrics are stored again" });
    this.#failing = false;
    if (this.#dropped === 0) return;
    const message = `${this.#dropped} rows were lost while TuskDB could not take them`;
    this.#dropped = 0;
    this.#options.emit({ kind: "tuskdb.rows-lost", level: "warning", message });
  }

  #noteSamples(rows: readonly Row[]): void {
    for (const row of rows) this.#sampled.add(String(row.service_id));
    for (const listener of [...this.#onSample]) listener();
  }

  awaitSample(service: string, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(timeoutMs, () => done(this.#sampled.has(service)), {
        keepAlive: true,
      });
      const done = (stored: boolean): void => {
        timer.cancel();
        this.#onSample.delete(look);
        resolve(stored);
      };
      const look = (): void => {
        if (this.#sampled.has(service)) done(true);
      };
      this.#onSample.add(look);
      look();
    });
  }

  #caughtUp(): Promise<void> {
    return this.#later ? this.#store() : this.#flushing;
  }

  // --- what the faces ask

  async query(
    sql: string,
    params: readonly SqlValue[] = [],
    { write = false }: QueryOptions = {},
  ): Promise<readonly SqlRow[]> {
    const database = await this.database();
    await this.#caughtUp();
    const rows = write ? await database.query(sql, params) : await database.queryReadOnly(sql, params);
    return rows as readonly SqlRow[];
  }

  async insert(table: string, rows: readonly SqlRow[]): Promise<{ inserted: number; ids: readonly string[] }> {
    const database = await this.database();
    return database.insertMany(table, rows);
  }

  async storeMetrics(data: unknown): Promise<StoredMetrics> {
    const database = await this.database();
    return (await this.#options.analyst(database)).store(data);
  }

  async analyze(period: string, services?: readonly string[]): Promise<PerformanceReport> {
    const database = await this.database();
    await this.#caughtUp();
    const { report, decisions } = await (await this.#options.analyst(database)).analyze(period, services);
    this.#noteDecisions(`${period} ${services ?? ""}`, decisions);
    return report;
  }

  /** In the background: an analysis that cannot be recorded is an analysis all the same. */
  #noteDecisions(question: string, decisions: readonly DecisionRecord[]): void {
    const now = this.#options.clock.monotonic();
    const before = this.#askedAt.get(question);
    if (before !== undefined && now - before < sameQuestionMs) return;
    for (const [asked, at] of this.#askedAt) if (now - at >= sameQuestionMs) this.#askedAt.delete(asked);
    this.#askedAt.set(question, now);
    this.enqueue("decisions", decisions.map(toDecisionRow));
  }

  live(): readonly LiveMetrics[] {
    return this.#options.live();
  }

  prometheus(): Promise<string> {
    return this.#options.prometheus();
  }

  async recordDecisions(records: readonly DecisionRecord[]): Promise<void> {
    const database = await this.database();
    await database.insertMany("decisions", records.map(toDecisionRow));
  }

  async decisions(limit = 100): Promise<readonly DecisionRecord[]> {
    const rows = await this.query(
      `SELECT * FROM decisions ORDER BY timestamp DESC, id DESC LIMIT ${Math.trunc(limit)}`,
    );
    return rows.map(fromDecisionRow);
  }

  async importEvents(events: readonly TuskEvent[], database?: Database): Promise<void> {
    if (events.length === 0) return;
    const target = database ?? (await this.database());
    await target.insertMany("events", events.map(toEventRow));
  }
}

export function toEventRow(event: TuskEvent): Row {
  const { id, at, kind, level, service, instance, message, details } = event;
  return {
    id,
    timestamp: at,
    kind,
    level,
    service: service ?? null,
    instance: instance ?? null,
    message,
    details: details ?? null,
  };
}

function toDecisionRow(record: DecisionRecord): Row {
  const { id, at, version, inputs, output, evidence } = record;
  return {
    id: id || uuidv7(),
    timestamp: at,
    function: record.function,
    version,
    inputs,
    output,
    evidence: evidence ?? null,
  };
}

function fromDecisionRow(row: SqlRow): DecisionRecord {
  return {
    id: String(row.id),
    at: String(row.timestamp),
    function: String(row.function),
    version: String(row.version),
    inputs: Array.isArray(row.inputs) ? row.inputs : [],
    output: row.output,
    evidence: isMembers(row.evidence) ? row.evidence : {},
  };
}

const isMembers = (value: SqlValue | undefined): value is { readonly [key: string]: SqlValue } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

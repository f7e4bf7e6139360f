// Keeps TuskDB small: asks retention.ts what to do, once a minute, and does it. Each roll-up of a few minutes is a
// transaction, so that a crash leaves the rows as they were or as they will be, and inserts wait for no more than that.
import type { Clock, Timer } from "../base/clock.js";
import { messageOf } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { Database } from "./database.js";
import {
  defaultRetention,
  firstRetentionState,
  type RetentionEffect,
  type RetentionPolicy,
  type RetentionState,
  stepRetention,
} from "./retention.js";
import { type RollUpTable, rollUp } from "./roll-up.js";
import { metricsTable, tables } from "./schema.js";

export interface MaintenanceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly emit: EmitEvent;
  readonly policy?: Partial<RetentionPolicy>;
}

const everyMs = 60_000;
const rollUpTables: readonly RollUpTable[] = [metricsTable, "edges"];
/** Bounds the memory and the time of one transaction. */
const stepsPerTransaction = 10;

export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #policy: RetentionPolicy;
  #state: RetentionState = firstRetentionState;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    // How large a server may grow is its administrator's to say, and its files do not shrink by deleting.
    const cap = options.database.kind === "postgres" ? { capBytes: Number.POSITIVE_INFINITY } : {};
    this.#policy = { ...defaultRetention, ...options.policy, ...cap };
  }

  start(): void {
    this.#timer = this.#options.clock.setTimer(everyMs, () => {
      this.#running = this.#tick();
    });
  }

  /** Waits for what is being done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** What is due now; also what the timer does. */
  async run(): Promise<void> {
    const { database, clock } = this.#options;
    const facts = { usedBytes: await database.usedBytes() };
    const { state, effects } = stepRetention(this.#state, facts, { now: clock.now(), policy: this.#policy });
    for (const effect of effects) if (!this.#closed) await this.#perform(effect);
    this.#state = state;
  }

  async #tick(): Promise<void> {
    try {
      await this.run();
      this.#failing = false;
    } catch (error) {
      this.#report(error);
    }
    if (!this.#closed) this.start();
  }

  /** Once until it works again. */
  #report(error: unknown): void {
    if (this.#failing || this.#closed) return;
    this.#failing = true;
    const message = `old metrics could not be rolled up or deleted: ${messageOf(error)}`;
    this.#options.emit({ kind: "tuskdb.maintenance-failed", level: "warning", message });
  }

  async #perform(effect: RetentionEffect): Promise<void> {
    const { database } = this.#options;
    switch (effect.kind) {
      case "roll-up":
        for (const table of rollUpTables) while (!this.#closed && (await rollUpOldest(database, table, effect)));
        return;
      case "prune":
        return deleteUntil(database, () => effect.before);
      case "cut":
        return this.#cut(effect);
      case "reclaim":
        return database.reclaim();
    }
  }

  async #cut({ share, usedBytes, capBytes }: Extract<RetentionEffect, { kind: "cut" }>): Promise<void> {
    const { database, emit } = this.#options;
    await deleteUntil(database, (table) => timeOfShare(database, table, share));
    const message = `TuskDB uses ${usedBytes} bytes of its ${capBytes}: the oldest ${share * 100} % of the rows were deleted`;
    emit({ kind: "tuskdb.cut", level: "warning", message, details: { usedBytes, capBytes, share } });
  }
}

/** False when there was nothing to do. */
async function rollUpOldest(
  database: Database,
  table: RollUpTable,
  { seconds, before }: { readonly seconds: number; readonly before: number },
): Promise<boolean> {
  const finer = `interval_seconds IS NOT NULL AND coalesce(resolution_seconds, 0) < ${seconds}`;
  return database.transaction(async (run, insert) => {
    const until = new Date(before);
    const [oldest] = await run(`SELECT min(timestamp) AS at FROM ${table} WHERE ${finer} AND timestamp <= $1`, [until]);
    if (typeof oldest?.at !== "string") return false;
    const unit = seconds * 1_000;
    const from = Math.ceil(Date.parse(oldest.at) / unit) * unit - unit;
    const to = new Date(Math.min(before, from + stepsPerTransaction * unit));
    const range = `${finer} AND timestamp <= $1`;
    const rows = await run(`SELECT * FROM ${table} WHERE ${range}`, [to]);
    await run(`DELETE FROM ${table} WHERE ${range}`, [to]);
    await insert(table, rollUp(table, rows, seconds));
    return true;
  });
}

async function deleteUntil(
  database: Database,
  timeOf: (table: string) => number | null | Promise<number | null>,
): Promise<void> {
  for (const table of tables) {
    const before = await timeOf(table);
    if (before !== null) await database.query(`DELETE FROM ${table} WHERE timestamp < $1`, [new Date(before)]);
  }
}

async function timeOfShare(database: Database, table: string, share: number): Promise<number | null> {
  const sql = `SELECT percentile_disc(${share}) WITHIN GROUP (ORDER BY timestamp) AS at FROM ${table}`;
  const [row] = await database.query(sql);
  return typeof row?.at === "string" ? Date.parse(row.at) + 1 : null;
}

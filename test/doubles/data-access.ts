// DataAccess in memory: keeps what is inserted and answers a query with the rows of the table that it names.
import { TuskError } from "../../src/base/errors.js";
import type {
  DataAccess,
  DecisionRecord,
  LiveMetrics,
  PerformanceReport,
  QueryOptions,
  SqlRow,
  SqlValue,
  StoredMetrics,
} from "../../src/control/data-access.js";

export class MemoryDataAccess implements DataAccess {
  readonly tables = new Map<string, SqlRow[]>();
  readonly queries: { readonly sql: string; readonly params: readonly SqlValue[]; readonly write: boolean }[] = [];
  liveMetrics: LiveMetrics[] = [];
  #records: DecisionRecord[] = [];

  async query(
    sql: string,
    params: readonly SqlValue[] = [],
    { write = false }: QueryOptions = {},
  ): Promise<readonly SqlRow[]> {
    this.queries.push({ sql, params, write });
    if (!write && !/^\s*select/i.test(sql)) throw new TuskError("FORBIDDEN", "the statement would write");
    return this.tables.get(/\bfrom\s+(\w+)/i.exec(sql)?.[1] ?? "") ?? [];
  }

  async insert(table: string, rows: readonly SqlRow[]): Promise<{ inserted: number; ids: readonly string[] }> {
    const kept = this.tables.get(table) ?? [];
    const ids = rows.map((_, index) => `${table}-${kept.length + index + 1}`);
    this.tables.set(table, [...kept, ...rows.map((row, index) => ({ ...row, id: ids[index] ?? null }))]);
    return { inserted: rows.length, ids };
  }

  async storeMetrics(data: unknown): Promise<StoredMetrics> {
    const { ids } = await this.insert("microservices_metrics", [data as SqlRow]);
    return { stored: 1, storageId: ids[0] ?? "", notes: [] };
  }

  async analyze(period: string): Promise<PerformanceReport> {
    const rows = this.tables.get("microservices_metrics") ?? [];
    return {
      period,
      from: "2026-01-01T00:00:00.000Z",
      to: "2026-01-02T00:00:00.000Z",
      metricsAnalyzed: rows.length,
      performanceScore: rows.length === 0 ? null : 100,
      services: [],
      edges: [],
      insights: { version: "1", summary: "nothing was measured", insights: [], recommendations: [] },
      recommendations: [],
      noData: rows.length === 0 ? "no row falls into this period" : null,
    };
  }

  live(): readonly LiveMetrics[] {
    return this.liveMetrics;
  }

  async prometheus(): Promise<string> {
    return '# HELP tusk_up 1\n# TYPE tusk_up gauge\ntusk_up{service="users"} 1\n';
  }

  async recordDecisions(records: readonly DecisionRecord[]): Promise<void> {
    this.#records = [...records, ...this.#records];
  }

  async decisions(limit = 100): Promise<readonly DecisionRecord[]> {
    return this.#records.slice(0, limit);
  }

  async awaitSample(service: string): Promise<boolean> {
    return this.liveMetrics.some((entry) => entry.service === service);
  }

  async importEvents(): Promise<void> {
    // Events are the control plane double's own.
  }
}

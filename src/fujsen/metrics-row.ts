// What FUJSEN reads: measurements and objectives as plain data, in its own types, so that it knows neither the database
// nor the app spec. A missing measurement is null, never 0.

/** One service over one interval. */
export interface MetricsRow {
  /** End of the interval, ISO 8601. */
  readonly timestamp: string;
  readonly serviceId: string;
  /** Mean, milliseconds. */
  readonly responseTime: number | null;
  /** Requests per second. */
  readonly throughput: number | null;
  /** 0 to 1. */
  readonly errorRate: number | null;
  /** Cores, all instances together. */
  readonly cpuUsage: number | null;
  /** Bytes, all instances together. */
  readonly memoryUsage: number | null;
  readonly intervalSeconds: number;
  readonly requests: number | null;
  readonly errors: number | null;
  /** Milliseconds, from the latency histogram of the interval. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly instances: number | null;
  readonly ready: number | null;
}

/** The calls of one service to another over one interval. */
export interface EdgeRow {
  readonly timestamp: string;
  readonly caller: string;
  readonly callee: string;
  readonly requests: number | null;
  readonly errors: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What a service has promised. */
export interface Objective {
  /** For the percentile, milliseconds. Default 500, and then marked as assumed. */
  readonly latencyMs?: number;
  /** 0 to 100; above 99 is judged at 99, the highest that rows carry. Default 95. */
  readonly percentile?: number;
  /** Share of requests that must not fail, 0 to 1. Default 0.99. */
  readonly availability?: number;
}

/** What a service may use, where that is known. */
export interface ServiceCapacity {
  /** Cores for all its instances together. */
  readonly cpuCores?: number;
  /** Bytes for all its instances together. */
  readonly memoryBytes?: number;
  /** The total timeout of a request to it, milliseconds. */
  readonly timeoutMs?: number;
}

export interface Capacity {
  /** Cores of the machine that all services share. */
  readonly machineCores?: number;
  readonly services?: Readonly<Record<string, ServiceCapacity>>;
}

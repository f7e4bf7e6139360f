// What TuskDB costs: `node benchmarks/tuskdb.mjs` after a build. Memory is the proportional share (PSS) of this process.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const pss = () => Math.round(Number(/Pss:\s+(\d+)/.exec(readFileSync("/proc/self/smaps_rollup", "utf8"))?.[1]) / 1024);
const folder = mkdtempSync(join(tmpdir(), "tusk-bench-"));
const before = pss();
const { openDatabase } = await import("../dist/src/tuskdb/open-database.js");
const { Maintenance } = await import("../dist/src/tuskdb/maintenance.js");
const { systemClock } = await import("../dist/src/system/clock.js");

const timed = async (work) => {
  const start = performance.now();
  const value = await work();
  return { value, ms: performance.now() - start };
};

const { ms: importMs } = await timed(() => import("@duckdb/node-api"));
const { value: database, ms: openMs } = await timed(() => openDatabase({ file: join(folder, "tusk.duckdb") }));
const opened = pss();

const sketch = { gamma: 1.02, count: 10, sumMs: 15, buckets: Array.from({ length: 8 }, (_, i) => [i * 5, 2]), zero: 0 };
const row = (index, timestamp) => ({
  timestamp,
  service_id: `service-${index % 3}`,
  response_time: 1.5,
  throughput: 10,
  error_rate: 0,
  cpu_usage: 0.1,
  memory_usage: 1e8,
  interval_seconds: 1,
  requests: 10,
  errors: 0,
  p50: 1,
  p95: 2,
  p99: 3,
  sketch,
  instances: 1,
  ready: 1,
});

const batches = [];
for (let batch = 0; batch < 300; batch++)
  batches.push(
    (
      await timed(() =>
        database.insertMany(
          "microservices_metrics",
          Array.from({ length: 10 }, (_, i) => row(i, new Date())),
        ),
      )
    ).ms,
  );
batches.sort((a, b) => a - b);
const inserting = pss();

// A day of three services as retention leaves it: an hour of seconds, then minutes.
const now = Date.now();
const day = Array.from({ length: 24 * 60 * 3 }, (_, i) => ({
  ...row(i, new Date(now - Math.floor(i / 3) * 60_000)),
  interval_seconds: 60,
  resolution_seconds: 60,
}));
const { ms: bulkMs } = await timed(() => database.insertMany("microservices_metrics", day));
const sql = "SELECT * FROM microservices_metrics WHERE timestamp >= NOW() - INTERVAL '24h' ORDER BY timestamp DESC";
const { value: rows, ms: queryMs } = await timed(() => database.queryReadOnly(sql));
const hour = Array.from({ length: 3_600 * 3 }, (_, i) => row(i, new Date(now - 3_660_000 - Math.floor(i / 3) * 1_000)));
await database.insertMany("microservices_metrics", hour);
const maintenance = new Maintenance({ database, clock: systemClock, emit: () => {} });
const { ms: rollUpMs } = await timed(() => maintenance.run());

console.table({
  "import of the library (ms)": importMs,
  "open, new file (ms)": openMs,
  "insert of 10 rows, median (ms)": batches[150],
  "insert of 10 rows, 99th percentile (ms)": batches[297],
  "rows a second, batches of 10": 10_000 / batches[150],
  "rows a second, in bulk": (day.length / bulkMs) * 1_000,
  [`24 h statement, ${rows.length} rows (ms)`]: queryMs,
  "roll-up of an hour of seconds, 3 services (ms)": rollUpMs,
  "PSS before (MiB)": before,
  "PSS, opened (MiB)": opened,
  "PSS after 300 batches (MiB)": inserting,
});
await database.close();
rmSync(folder, { recursive: true });

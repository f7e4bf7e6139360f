// What hours of metrics cost TuskDB in memory and processor time, in some minutes: `node benchmarks/tuskdb-soak.mjs
// [--batches 7200] [--every 900] [--services 3]` after a build. A batch is what a busy second stores; the clock that the
// database is told goes on a second with each, and maintenance runs once a minute of it, as in a controller.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const [batches, every, services] = [option("batches", 7_200), option("every", 900), option("services", 3)];
const rollup = () => readFileSync("/proc/self/smaps_rollup", "utf8");
const mebibytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(rollup())[1]) / 1024;

const folder = mkdtempSync(join(tmpdir(), "tusk-soak-"));
const { systemClock } = await import("../dist/src/system/clock.js");
const { openDatabase } = await import("../dist/src/tuskdb/open-database.js");
const { Maintenance } = await import("../dist/src/tuskdb/maintenance.js");
let now = Date.now() - batches * 1000;
const clock = { ...systemClock, now: () => now };
const database = await openDatabase({ file: join(folder, "tusk.duckdb") }, { clock });
const maintenance = new Maintenance({ database, clock, emit: (event) => console.error(event.message) });

const latency = (seed) => ({
  gamma: 1.02,
  count: 200,
  sumMs: 900 + seed,
  buckets: Array.from({ length: 60 }, (_, index) => [index + (seed % 7), 1 + (index % 5)]),
  zero: 0,
});
const measured = (seed) => ({ requests: 200, errors: 0, p50: 3, p95: 9, p99: 20 + (seed % 9), sketch: latency(seed) });
const timestamp = () => new Date(now).toISOString();
const serviceRow = (seed, index) => ({
  ...{ timestamp: timestamp(), service_id: `service-${index}`, interval_seconds: 1, response_time: 4.5 },
  ...{ throughput: 200, error_rate: 0, cpu_usage: 0.31, memory_usage: 1e8 + seed, instances: 1, ready: 1 },
  ...measured(seed),
});
const edgeRow = (seed, index) => ({
  ...{ timestamp: timestamp(), caller: index === 0 ? "gateway" : `service-${index - 1}`, callee: `service-${index}` },
  ...{ interval_seconds: 1, retries: 0, ...measured(seed) },
});
const each = (make, seed) => Array.from({ length: services }, (_, index) => make(seed, index));

console.log("  batches   PSS MiB   anonymous   V8 heap   CPU ms a batch   file MiB");
let cpu = process.cpuUsage();
for (let batch = 1; batch <= batches; batch++) {
  now += 1000;
  await database.transaction(async (_, insert) => {
    await insert("microservices_metrics", each(serviceRow, batch));
    await insert("edges", each(edgeRow, batch));
  });
  if (batch % 60 === 0) await maintenance.run();
  if (batch % every !== 0 && batch !== batches) continue;
  const used = process.cpuUsage(cpu);
  cpu = process.cpuUsage();
  const heap = process.memoryUsage().heapTotal / 1024 ** 2;
  const perBatch = (used.user + used.system) / 1000 / every;
  const file = (await database.sizeBytes()) / 1024 ** 2;
  const row = [batch, mebibytes("Pss"), mebibytes("Pss_Anon"), heap, perBatch, file];
  console.log(
    row
      .map((value, index) =>
        value.toFixed(index === 0 ? 0 : index === 4 ? 2 : 1).padStart([9, 10, 12, 10, 17, 11][index]),
      )
      .join(""),
  );
}
await database.close();
rmSync(folder, { recursive: true });

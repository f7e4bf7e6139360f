// Measures the registry with 10,000 instances: lookup, lookup right after a change, and change to in-process watcher.
// Run after a build: `node benchmarks/discovery.mjs`. Exits with 1 when a limit is broken. No input, no network.
import { createRegistry } from "../dist/src/discovery/create-registry.js";
import { systemClock } from "../dist/src/system/clock.js";

const instances = 10_000;
const limits = { lookupUs: 10, watchUs: 1000 };
const now = () => process.hrtime.bigint();
let round = 0;
let broken = false;

function fill(services) {
  const registry = createRegistry({ clock: systemClock, emit: () => {} });
  for (let n = 0; n < instances; n++) {
    const service = `service-${n % services}`;
    registry.register({ id: `i-${n}`, service, address: "10.0.0.1", port: 9000, tags: [`zone-${n % 3}`] });
  }
  return registry;
}

/** A change that every watcher of that instance's service hears of. */
function change(registry, n) {
  const state = round % 2 === 0 ? "warning" : "passing";
  registry.heartbeat(`i-${n % instances}`, { state, reason: `round ${round++}` });
}

/** Times `rounds` calls one by one; `call` may return the moment that it ended. Prints and returns microseconds. */
function measure(title, rounds, { prepare = () => {}, call, limitUs = Number.POSITIVE_INFINITY }) {
  const times = new Float64Array(rounds);
  for (let n = 0; n < rounds; n++) {
    prepare(n);
    const start = now();
    const end = call(n) ?? now();
    times[n] = Number(end - start) / 1000;
    if (times[n] < 0) throw new Error(`${title}: change ${n} was not seen`);
  }
  times.sort();
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => times[Math.min(rounds - 1, Math.floor(rounds * share))]);
  const verdict = p99 <= limitUs ? "" : `  over the limit of ${limitUs}`;
  broken ||= p99 > limitUs;
  console.log(title.padEnd(52), ...[p50, p99, max].map((value) => value.toFixed(2).padStart(9)), verdict);
}

function run(services) {
  const registry = fill(services);
  const shape = `${instances} in ${services} service${services > 1 ? "s" : ""}`;
  const lookup = (n, query) => void registry.lookup(`service-${n % services}`, query);
  for (let n = 0; n < 50_000; n++) lookup(n, n % 2 ? undefined : { tags: ["zone-1"] });
  measure(`lookup, ${shape}`, 100_000, { call: (n) => lookup(n), limitUs: limits.lookupUs });
  measure(`lookup by tag, ${shape}`, 100_000, {
    call: (n) => lookup(n, { tags: ["zone-1"] }),
    limitUs: limits.lookupUs,
  });
  measure(`first lookup after a change, ${shape}`, 3_000, {
    prepare: (n) => change(registry, n),
    call: (n) => lookup(n),
  });
  let seenAt = 0n;
  registry.watch("service-0", () => {
    seenAt = now();
  });
  measure(`change to watcher, ${shape}`, 10_000, {
    call: (n) => {
      change(registry, n * services);
      return seenAt;
    },
    limitUs: limits.watchUs,
  });
  registry.close();
}

console.log("microseconds".padEnd(52), ...["p50", "p99", "max"].map((name) => name.padStart(9)));
run(100);
run(1);
console.log(`limits at the 99th percentile: lookup ${limits.lookupUs} µs, change to watcher ${limits.watchUs} µs`);
console.log(broken ? "broken" : "held");
process.exitCode = broken ? 1 : 0;

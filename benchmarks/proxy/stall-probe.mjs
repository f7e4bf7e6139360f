// Loaded into a worker before its own code (`--import`): how long its event loop stood still, in its own view:
// by the clock, and by the CPU time that all its threads used meanwhile, which others on the machine do not lengthen.
// Tells its parent when that asks.
const everyMs = 1;
let longestMs = 0;
let longestCpuMs = 0;
let last = performance.now();
let cpu = process.cpuUsage();

setInterval(() => {
  const now = performance.now();
  longestMs = Math.max(longestMs, now - last - everyMs);
  last = now;
  const { user, system } = process.cpuUsage(cpu);
  longestCpuMs = Math.max(longestCpuMs, (user + system) / 1_000);
  cpu = process.cpuUsage();
}, everyMs).unref();

process.on("message", ({ type }) => {
  if (type === "bench-probe-reset") {
    longestMs = 0;
    longestCpuMs = 0;
  }
  if (type === "bench-probe-read") process.send({ type: "bench-probe", longestMs, longestCpuMs });
});

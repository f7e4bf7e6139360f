// Loaded into a worker before its own code (`--import`): how long its event loop stood still, in its own view. Tells its
// parent when that asks.
const everyMs = 1;
let longestMs = 0;
let last = performance.now();

setInterval(() => {
  const now = performance.now();
  longestMs = Math.max(longestMs, now - last - everyMs);
  last = now;
}, everyMs).unref();

process.on("message", ({ type }) => {
  if (type === "bench-probe-reset") longestMs = 0;
  if (type === "bench-probe-read") process.send({ type: "bench-probe", longestMs });
});

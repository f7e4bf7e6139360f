// Forecasts of the 414 hourly series of M4, 48 hours ahead: `node benchmarks/fujsen/forecast.mjs run --data DIR` after a
// build, or `predict --data DIR --out OUT` (reads no actual value) and `score --data DIR --predictions OUT`. DIR may also
// be TUSK_BENCH_DATA. `run --back 2` takes the last two days of the training part as the actual values: methods are
// chosen there. docs/fujsen/forecasting.md says what lies in DIR and where the original is.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { forecastSeries } from "../../dist/src/fujsen/forecast/forecast-series.js";
import { actualsOf, horizon, trainingOf } from "./forecast-data.mjs";
import { repeatedSeason, scoreForecasts } from "./forecast-score.mjs";

const files = { best: "forecast.jsonl", fast: "forecast-fast.jsonl" };
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    out: { type: "string" },
    predictions: { type: "string" },
    tier: { type: "string" },
    back: { type: "string", default: "0" },
    every: { type: "string", default: "1" },
  },
});
const data = options.data ?? process.env.TUSK_BENCH_DATA;
const [step] = positionals;
const complete = { predict: options.out, score: options.predictions, run: true }[step];
if (!data || !complete) {
  console.error(
    "usage: forecast.mjs predict --data DIR --out OUT | score --data DIR --predictions OUT | run --data DIR\n" +
      "  [--tier fast|best] [--back DAYS] [--every N: each Nth series]",
  );
  process.exit(2);
}
const tiers = options.tier ? [options.tier] : ["fast", "best"];
const held = Number(options.back) * 24;
const all = trainingOf(data).filter((_, index) => index % Number(options.every) === 0);
const series = all.map(({ id, values }) => ({ id, values: values.slice(0, values.length - held) }));

if (step === "predict") for (const tier of tiers) save(files[tier], predictAll(series, tier));
if (step === "score") {
  const found = tiers.filter((tier) => existsSync(join(options.predictions, files[tier])));
  report(found.map((tier) => [tier, load(files[tier])]));
}
if (step === "run") report(tiers.map((tier) => [tier, predictAll(series, tier)]));

function predictAll(inputs, tier) {
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  const predictions = inputs.map(({ id, values }) => predict(id, values, tier));
  const { user, system } = process.cpuUsage(cpu);
  const times = predictions.map(({ ms }) => ms).sort((a, b) => a - b);
  const [wall, used] = [(performance.now() - begin) / 1000, (user + system) / 1e6];
  const each = `${(wall * 1000) / inputs.length} ms a series, median ${times[times.length >> 1]}`;
  console.log(`${tier}: ${inputs.length} series, ${wall.toFixed(1)} s, CPU ${used.toFixed(1)} s; ${rounded(each)}`);
  return predictions;
}

function predict(id, values, tier) {
  const begin = performance.now();
  const forecast = forecastSeries({ values, stepSeconds: 3600 }, { horizon, tier, levels: [0.95] });
  const ms = performance.now() - begin;
  const [interval] = forecast.intervals ?? [{ lower: forecast.mean, upper: forecast.mean }];
  return {
    series: id,
    mean: Array.from(forecast.mean),
    lower95: Array.from(interval.lower),
    upper95: Array.from(interval.upper),
    method: forecast.method,
    backtest: forecast.backtest,
    ms,
  };
}

function report(rows) {
  const history = new Map(series.map(({ id, values }) => [id, values]));
  const actual = held > 0 ? lastOf(all) : actualsOf(data);
  const naive = (season) => series.map(({ id, values }) => ({ series: id, mean: repeatedSeason(values, season) }));
  const lines = [...rows, ["last 24 hours repeated", naive(24)], ["last 168 hours repeated", naive(168)]];
  console.log("method                    series   sMAPE   MASE    OWA     MSIS    coverage   naive used");
  for (const [name, predictions] of lines) console.log(lineOf(name, scoreForecasts(predictions, actual, history)));
}

function lastOf(whole) {
  return new Map(whole.map(({ id, values }) => [id, values.slice(-held).slice(0, horizon)]));
}

function lineOf(name, { count, symmetric, scaled, owa, msis, covered, naive }) {
  const cells = [symmetric.toFixed(3), scaled.toFixed(3), owa.toFixed(4), msis?.toFixed(3), covered?.toFixed(3), naive];
  return `${name.padEnd(26)}${String(count).padEnd(9)}${cells.map((cell) => String(cell ?? "-").padEnd(8)).join("")}`;
}

function rounded(text) {
  return text.replace(/\d+\.\d+/g, (digits) => Number(digits).toFixed(2));
}

function save(file, predictions) {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, file), predictions.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

function load(file) {
  const lines = readFileSync(join(options.predictions, file), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

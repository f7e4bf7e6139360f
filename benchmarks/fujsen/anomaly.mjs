// Anomalies in the files of the Numenta Anomaly Benchmark: `node benchmarks/fujsen/anomaly.mjs run --data DIR` after a
// build, or `predict --data DIR --out OUT` (reads no label) and `score --data DIR --predictions OUT`. DIR may also be
// TUSK_BENCH_DATA. docs/fujsen/anomaly.md says what lies in DIR and where the original is.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createDetector, defaultAlertAt, stepDetector } from "../../dist/src/fujsen/anomaly/detector.js";
import { difference, silence, windowedGaussian } from "./anomaly-baselines.mjs";
import { filesOf, windowsOf } from "./anomaly-data.mjs";
import { countAt, probation, profiles, rank, scoreRanked } from "./anomaly-score.mjs";
import { crossValidated } from "./anomaly-validation.mjs";

const name = "anomaly.jsonl";
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { data: { type: "string" }, out: { type: "string" }, predictions: { type: "string" } },
});
const data = options.data ?? process.env.TUSK_BENCH_DATA;
const [step] = positionals;
const complete = { predict: options.out, score: options.predictions, run: true }[step];
if (!data || !complete) {
  console.error(
    "usage: anomaly.mjs predict --data DIR --out OUT | score --data DIR --predictions OUT | run --data DIR",
  );
  process.exit(2);
}
const files = filesOf(data);

if (step === "predict") save(predictAll());
if (step === "score") report(load());
if (step === "run") report(predictAll());

function predictAll() {
  const cpu = process.cpuUsage();
  const predictions = files.map(predict);
  const { user, system } = process.cpuUsage(cpu);
  const rows = files.reduce((sum, { values }) => sum + values.length, 0);
  const rate = Math.round((rows / (user + system)) * 1e6);
  console.log(`${files.length} files, ${rows} rows, ${rate} rows per second of CPU`);
  return predictions;
}

/** Rows at or before the time of an earlier one (clocks set back) are refused by the detector and score 0. */
function predict({ file, times, values }) {
  const detector = createDetector();
  const found = new Map();
  const scores = new Array(values.length).fill(0);
  const probabilities = new Array(values.length).fill(0);
  for (const [row, value] of values.entries()) {
    const result = stepDetector(detector, value, times[row]);
    if (result.refused !== null) continue;
    scores[row] = result.fresh;
    probabilities[row] = result.probability;
    if (result.episode) found.set(result.episode, row);
  }
  const rowAt = (time) =>
    Math.max(
      0,
      times.findIndex((one) => one >= time),
    );
  const episodes = Array.from(found.keys(), ({ start, end, reason }) => ({
    start: rowAt(start),
    end: rowAt(end),
    reason,
  }));
  return { file, scores, probabilities, episodes };
}

function report(predictions) {
  const windows = windowsOf(data, files);
  const labelled = (list) =>
    list.filter(({ file }) => windows.has(file)).map((one) => ({ ...one, windows: windows.get(one.file) }));
  const by = (method) => files.map((one) => ({ file: one.file, scores: method(one) }));
  const methods = [
    ["silence", by(silence)],
    ["difference over the greatest", by(difference)],
    ["windowed Gaussian", by(windowedGaussian)],
    ["this detector", predictions],
  ];
  console.log(
    "method                        standard  low FP  low FN   windows found, false alarms at the standard threshold",
  );
  for (const [label, list] of methods) console.log(lineOf(label, rank(labelled(list))));
  const ours = labelled(predictions);
  console.log(`at the default of ${defaultAlertAt}: ${fixed(rank(ours), defaultAlertAt)}`);
  if (ours.every(({ probabilities }) => probabilities)) reportCalibration(ours, windows);
  console.log(`threshold from other files: ${JSON.stringify(crossValidated(ours, profiles.standard))}`);
}

function lineOf(label, ranked) {
  const all = Object.values(profiles).map((profile) => scoreRanked(ranked, profile));
  const { found, falseAlarms } = countAt(ranked, all[0].threshold);
  const cells = all.map(({ score }) => score.toFixed(1).padEnd(8)).join("");
  return `${label.padEnd(30)}${cells}  ${found} of ${ranked.windows}, ${falseAlarms}; threshold ${all[0].threshold.toFixed(2)}`;
}

function fixed(ranked, threshold) {
  const all = Object.values(profiles).map((profile) => scoreRanked(ranked, profile, threshold).score.toFixed(1));
  const { found, windows, falseAlarms } = countAt(ranked, threshold);
  return `${all.join(", ")}; ${found} of ${windows} windows, ${falseAlarms} false alarms`;
}

/** How often ordinary rows (outside of windows and of the unscored start) reach a probability. */
function reportCalibration(predictions, windows) {
  const ordinary = predictions.flatMap(({ file, probabilities }) => {
    const ranges = windows.get(file) ?? [];
    return probabilities.filter(
      (_, row) => row >= probation(probabilities.length) && !ranges.some(([a, b]) => row >= a && row <= b),
    );
  });
  const shares = [0.95, 0.99, 0.999].map((least) => {
    const share = ordinary.filter((probability) => probability >= least).length / ordinary.length;
    return `${least}: ${(100 * share).toFixed(2)} %`;
  });
  console.log(`ordinary rows with a probability of at least ${shares.join(", ")}`);
}

function save(predictions) {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, name), predictions.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

function load() {
  const lines = readFileSync(join(options.predictions, name), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

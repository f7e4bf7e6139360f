// Replicas on demand traces: `node benchmarks/fujsen/capacity.mjs run --data DIR` after a build, or `predict --data DIR
// --out OUT` and `score --predictions OUT`. DIR may also be TUSK_BENCH_DATA; docs/fujsen/capacity.md says what lies in it.
// `run` also shows what parts are worth (--ablation), and what simulated requests say (--simulate, minutes of CPU).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { erlangC, waitQuantile } from "../../dist/src/fujsen/capacity/erlang.js";
import { fitScalabilityLaw } from "../../dist/src/fujsen/capacity/scalability-law.js";
import { scalingPolicy } from "../../dist/src/fujsen/capacity/scaling-policy.js";
import { simulateScaling } from "../../dist/src/fujsen/capacity/simulator.js";
import { hpa, oracle, reactiveErlang } from "./capacity-baselines.mjs";
import { tickSeconds, tracesOf } from "./capacity-data.mjs";
import { scoreReplicas } from "./capacity-score.mjs";

const file = "replicas.jsonl";
const serviceRate = 2;
const objective = { share: 0.05, seconds: 0.5 };
const startTimes = [60, 180];
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    out: { type: "string" },
    predictions: { type: "string" },
    ablation: { type: "boolean", default: false },
    simulate: { type: "boolean", default: false },
  },
});
const data = options.data ?? process.env.TUSK_BENCH_DATA;
const [step] = positionals;
if (!{ predict: data && options.out, score: options.predictions, run: data }[step]) {
  console.error(
    "usage: capacity.mjs predict --data DIR --out OUT | score --predictions OUT | run --data DIR [--ablation] [--simulate]",
  );
  process.exit(2);
}

if (step === "predict") save(predictAll());
if (step === "score") for (const prediction of load()) report(prediction);
if (step === "run") {
  models();
  for (const prediction of predictAll()) report(prediction);
}

function predictAll() {
  return tracesOf(data).flatMap((trace) =>
    startTimes.map((startSeconds) => ({ ...trace, startSeconds, tickSeconds, ...decide(trace, startSeconds) })),
  );
}

// Decided tick by tick, from the ticks before.
function decide({ arrivals }, startSeconds, settings = {}) {
  const cpu = process.cpuUsage();
  const policy = scalingPolicy({ serviceRate, objective, startSeconds, ...settings });
  let replicas = 2;
  const desired = arrivals.map((_, tick) => {
    replicas = policy.decide({ arrivals: arrivals[tick - 1] ?? null, tickSeconds, replicas });
    return replicas;
  });
  const { user, system } = process.cpuUsage(cpu);
  return { desired, microsecondsPerDecision: (user + system) / arrivals.length };
}

function report(prediction) {
  const { trace, rates, arrivals, startSeconds, microsecondsPerDecision } = prediction;
  const scored = (desired) => scoreReplicas({ ...prediction, desired }, serviceRate, objective);
  const best = oracle(rates, serviceRate, { objective, startSeconds });
  const baselines = [
    ["oracle", best],
    ...hpaRows(arrivals, scored),
    ...[0.05, 0.02, 0.01, 0.005].map((share) => [
      `reactive Erlang C at ${share}`,
      reactiveErlang(arrivals, serviceRate, { ...objective, share }),
    ]),
  ];
  const rows = [["ours", prediction.desired], ...baselines, ...(options.ablation ? ablations(prediction) : [])];
  const hours = scored(best).replicaHours;
  const time = microsecondsPerDecision ? `, ${microsecondsPerDecision.toFixed(0)} us CPU a decision` : "";
  console.log(`\n${trace}, ${startSeconds} s to start, ${rates.length} ticks${time}`);
  console.log("  policy                                violating %   replica-hours   x oracle   changes");
  for (const [name, desired] of rows) console.log(lineOf(name, scored(desired), hours));
  if (options.simulate) for (const [name, desired] of rows.slice(0, 4)) simulate(name, desired, prediction);
}

/** Default, strong, and the cheapest of a grid that violates at most .05 % of this very trace: tuned in hindsight. */
function hpaRows(arrivals, scored) {
  const named = ([target, minReplicas]) => [
    `HPA at ${target}, minReplicas ${minReplicas}`,
    hpa(arrivals, serviceRate, { target, minReplicas }),
  ];
  const grid = [0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4].flatMap((target) => [2, 3, 4, 5].map((least) => [target, least]));
  const fine = grid
    .map((setting) => named(setting))
    .map(([name, desired]) => ({ name, desired, ...scored(desired) }))
    .filter(({ violating }) => violating <= 0.05)
    .sort((left, right) => left.replicaHours - right.replicaHours)[0];
  const tuned = fine ? [[`${fine.name} (tuned)`, fine.desired]] : [];
  return [...tuned, named([0.6, 4]), named([0.7, 4]), named([0.7, 1])];
}

function ablations(prediction) {
  const { startSeconds } = prediction;
  const variants = [
    ["without looking ahead", { startSeconds: 0, stabilizationSeconds: startSeconds }],
    ["without stabilization", { stabilizationSeconds: 0 }],
    ["stabilization 300 s", { stabilizationSeconds: 300 }],
    ["tolerance 10 %", { tolerance: 0.1 }],
    ["minReplicas 1", { minReplicas: 1 }],
    ["minReplicas 3", { minReplicas: 3 }],
    ...[0.05, 0.01, 0.002, 0.0002].map((risk) => [`risk ${risk}`, { risk }]),
  ];
  return variants.map(([name, settings]) => [`  ${name}`, decide(prediction, startSeconds, settings).desired]);
}

function lineOf(name, { violating, replicaHours, changes }, hours) {
  const cells = [violating.toFixed(4), replicaHours.toFixed(1), (replicaHours / hours).toFixed(4), String(changes)];
  return `  ${name.padEnd(38)}${cells.map((cell, index) => cell.padEnd([14, 16, 11, 0][index])).join("")}`;
}

// Single requests instead of Erlang C. A minute of few requests has a noisy 95th percentile, so the late share counts.
function simulate(name, desired, { rates, arrivals, startSeconds }) {
  let tick = 0;
  const { requests, late, p95, p99 } = simulateScaling(
    { rates, arrivals, tickSeconds },
    { decide: () => desired[tick++] },
    { serviceRate, startSeconds, objective, initialReplicas: desired[0], seed: 1 },
  );
  const waits = `p95 ${p95.toFixed(3)} s, p99 ${p99.toFixed(3)} s`;
  console.log(`  simulated, ${name.padEnd(30)} ${requests} requests, ${(100 * late).toFixed(3)} % late, ${waits}`);
}

function models() {
  const spots = [
    [3, 2, 0.444444],
    [5, 4, 0.554113],
    [10, 8, 0.40918],
    [100, 95, 0.506457],
  ];
  for (const [servers, load, known] of spots) {
    console.log(`Erlang C(${servers}, ${load}) ${erlangC(servers, load).toFixed(6)}, published ${known}`);
  }
  const { alpha, beta, gamma } = fitScalabilityLaw(
    [
      [1, 64.9],
      [18, 995.9],
      [36, 1652.4],
      [72, 1853.2],
      [108, 1828.9],
      [144, 1775.0],
      [216, 1702.2],
    ].map(([load, throughput]) => ({ load, throughput })),
  );
  const fitted = `alpha ${alpha.toFixed(7)}, beta ${beta.toFixed(7)}, gamma ${gamma.toFixed(3)}`;
  console.log(`SPEC SDM91: ${fitted}; published .0277285, .0001044, 89.995`);
  for (const [servers, rate] of [
    [1, 1],
    [3, 4],
    [10, 13],
    [20, 34],
  ]) {
    const { p95 } = simulateScaling(
      { rates: new Array(Math.round(4e5 / rate)).fill(rate), tickSeconds },
      { decide: () => servers },
      { serviceRate, startSeconds: 60, objective, initialReplicas: servers, seed: 1 },
    );
    const expected = waitQuantile(servers, rate, serviceRate, 0.95);
    const difference = (100 * (p95 / expected - 1)).toFixed(2);
    console.log(
      `M/M/${servers} at ${rate}/s: simulated p95 ${p95.toFixed(4)} s, exact ${expected.toFixed(4)}, ${difference} %`,
    );
  }
}

function save(predictions) {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, file), predictions.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

function load() {
  const path = join(options.predictions, file);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

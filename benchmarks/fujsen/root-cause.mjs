// Root cause on PetShop, Sock Shop and Nezha: `node benchmarks/fujsen/root-cause.mjs run --data DIR` after a build, or
// `predict --data DIR --out OUT` (reads no label) and `score --data DIR --predictions OUT`. DIR may also be
// TUSK_BENCH_DATA; docs/fujsen/root-cause.md says what lies in it and where the originals are.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { analyzeServiceFailures } from "../../dist/src/fujsen/root-cause/analyze-failures.js";
import { barosRobustScorer, nSigma } from "./root-cause-baselines.mjs";
import { rootCauseCases } from "./root-cause-data.mjs";
import { plantedCases } from "./root-cause-planted.mjs";
import { inOrder, score } from "./root-cause-score.mjs";
import { truthsOf } from "./root-cause-truth.mjs";

const file = "root-cause.jsonl";
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { data: { type: "string" }, out: { type: "string" }, predictions: { type: "string" } },
});
const data = options.data ?? process.env.TUSK_BENCH_DATA;
const [step] = positionals;
if (!data || !["predict", "score", "run"].includes(step) || (step === "predict" && !options.out)) {
  console.error(
    "usage: root-cause.mjs predict --data DIR --out OUT | score --data DIR --predictions OUT | run --data DIR",
  );
  process.exit(2);
}

if (step === "predict") save(options.out, predictAll());
if (step === "score") report([["ours", load(options.predictions)]]);
if (step === "run") {
  const cases = [...rootCauseCases(data)];
  report([["ours, on planted faults", predictAll(plantedCases(cases)), [...plantedCases(cases)]]]);
  report([
    ["ours", predictAll(cases)],
    ["BARO's robust scorer", cases.map((one) => baseline(one, barosRobustScorer))],
    ["N-Sigma", cases.map((one) => baseline(one, nSigma))],
  ]);
}

function predictAll(cases = rootCauseCases(data)) {
  return Array.from(cases, ({ id, data: failure }) => {
    const [begin, cpu] = [performance.now(), process.cpuUsage()];
    const { verdict, suspects } = analyzeServiceFailures(failure);
    const { user, system } = process.cpuUsage(cpu);
    const ranked = suspects.map(({ service, score: points, evidence }) => ({
      node: service,
      score: points,
      evidence: evidence.map(({ message }) => message).join("; "),
    }));
    return { case: id, verdict, ranked, ms: performance.now() - begin, cpuMs: (user + system) / 1000 };
  });
}

function baseline({ id, data: failure }, method) {
  return { case: id, verdict: "fault", ranked: method(failure) };
}

function save(folder, predictions) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), predictions.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

function load(folder = ".") {
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

function idsOf(predictions) {
  return predictions.map(({ case: id }) => id);
}

function report(methods) {
  for (const [name, predictions, known] of methods) {
    const truths = known ?? truthsOf(data, idsOf(predictions));
    console.log(`\n${name}`);
    for (const { group, measure, value, cases } of score(inOrder(predictions, truths), truths)) {
      console.log(`  ${group.padEnd(42)}${measure.padEnd(26)}${value.toFixed(3)}  (${cases})`);
    }
    const times = predictions.flatMap(({ cpuMs }) => cpuMs ?? []).sort((left, right) => left - right);
    if (times.length > 0) {
      const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1);
      console.log(`  CPU time a case: median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, most ${at(1)} ms`);
    }
  }
}

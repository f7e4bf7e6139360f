// The table of one row as Markdown, and what it says about the goals.

const middle = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)];

const fields = ["cpuMicros", "busy", "perSecond", "p50", "p99"];

/** The middle of the rounds, field by field; failures are added up. */
export function combine(runs) {
  const medians = fields.map((field) => [field, middle(runs.map((run) => run[field]))]);
  return { ...Object.fromEntries(medians), failed: runs.reduce((sum, { failed }) => sum + failed, 0) };
}

/** Of each round the one over the other, and then the middle: what the machine does to a round it does to both. */
export function ratioOf(runs, subject, against) {
  const [above, below] = [runs.get(subject), runs.get(against)];
  if (!above || !below) return null;
  return middle(above.map(({ cpuMicros }, round) => cpuMicros / below[round].cpuMicros));
}

const head = [
  "",
  "CPU µs",
  "× nginx",
  "× Envoy",
  "requests/s",
  "of a core",
  "p50 ms",
  "p99 ms",
  "added p50",
  "added p99",
];

export function printRow({ title }, { runs, direct, skipped }) {
  const lines = [...runs].map(([name, all]) => cellsOf(name, combine(all), { runs, direct }));
  console.log(`\n### ${title}\n`);
  for (const cells of [head, head.map((_, index) => (index === 0 ? "---" : "---:")), ...lines]) {
    console.log(`| ${cells.join(" | ")} |`);
  }
  if (direct) console.log(`\nWithout a proxy: p50 ${direct.p50.toFixed(2)} ms, p99 ${direct.p99.toFixed(2)} ms.`);
  for (const { name, reason } of skipped) console.log(`\nSkipped: ${name}: ${reason}.`);
}

function cellsOf(name, row, { runs, direct }) {
  const against = (peer) => ratioOf(runs, name, peer)?.toFixed(2) ?? "";
  const added = (field) => (direct ? (row[field] - direct[field]).toFixed(2) : "");
  const failed = row.failed > 0 ? ` (${row.failed} failed)` : "";
  return [
    name + failed,
    row.cpuMicros.toFixed(1),
    against("nginx"),
    against("envoy"),
    row.perSecond.toFixed(0),
    row.busy.toFixed(2),
    row.p50.toFixed(2),
    row.p99.toFixed(2),
    added("p50"),
    added("p99"),
  ];
}

/** Prints each goal; false: one that counts is missed. */
export function printGoals({ goals }, runs) {
  let reached = true;
  console.log("");
  for (const { subject, against, ratio, isStretch = false } of goals) {
    const actual = ratioOf(runs, subject, against);
    const failed = combineFailures(runs.get(subject));
    const isMet = actual !== null && actual <= ratio && failed === 0;
    const verdict = actual === null ? "not measured" : `${isMet ? "met" : "MISSED"}, ${actual.toFixed(2)}`;
    const wanted = `${isStretch ? "stretch goal" : "goal"}: at most ${ratio} × ${against}`;
    console.log(`- ${wanted}: ${verdict}${failed > 0 ? ` (${failed} requests failed)` : ""}`);
    if (actual !== null && !isMet && !isStretch) reached = false;
  }
  return reached;
}

const combineFailures = (runs = []) => runs.reduce((sum, { failed }) => sum + failed, 0);

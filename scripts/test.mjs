// Runs the tests: `node scripts/test.mjs [unit|e2e|drills|all] [name filter]`. Builds first.
// Unit, golden and contract files share one process (fast); each e2e file has its own, one after another,
// because they start real processes and would distort one another's timing on two cores.
// Exits with 0 only if every test passed; the last line states how many passed and failed.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [mode = "all", filter = ""] = process.argv.slice(2);
const modes = ["unit", "e2e", "drills", "all"];
if (!modes.includes(mode)) {
  console.error(`unknown mode ${mode}; one of ${modes.join(", ")}`);
  process.exit(2);
}

const totals = { passed: 0, failed: 0, skipped: 0 };
let broken = false;

function step(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (done.status === 0) return;
  broken = true;
  console.error(`failed: ${[command, ...args].join(" ")}`);
}

function filesUnder(folder, suffix) {
  try {
    return readdirSync(join(root, "dist", folder), { recursive: true })
      .map((name) => join(folder, name))
      .filter((name) => name.endsWith(suffix) && name.includes(filter))
      .map((name) => join(root, "dist", name))
      .sort();
  } catch {
    return [];
  }
}

function runNode(args, environment = {}) {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [
        "--enable-source-maps",
        // A test that fails may leave something open; the run must still end and say so.
        "--test-force-exit",
        "--test-reporter=tap",
        "--test-reporter-destination=stdout",
        "--test-reporter=spec",
        "--test-reporter-destination=stderr",
        ...args,
      ],
      {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, ...environment },
      },
    );
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.on("close", (code) => {
      const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
      const ran = count("pass") + count("fail") + count("cancelled") + count("skipped");
      totals.passed += count("pass");
      totals.failed += count("fail") + count("cancelled");
      totals.skipped += count("skipped");
      if (code !== 0 || ran === 0) broken = true;
      resolve();
    });
  });
}

async function runTogether(files) {
  if (files.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), "tusk-tests-"));
  const entry = join(folder, "entry.mjs");
  writeFileSync(entry, files.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};`).join("\n"));
  await runNode([entry]);
  rmSync(folder, { recursive: true });
}

/** Packages and servers that the end-to-end tests need, fetched into caches while the unit tests run. */
function startFetching() {
  const child = spawn(process.execPath, [join(root, "dist/test/support/fetch-main.js")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve) => child.once("close", resolve));
}

step(process.execPath, [join(root, "scripts/build.mjs")]);
if (broken) process.exit(1);
const fetched = mode === "all" && !filter ? startFetching() : null;
if (mode === "all" && !filter) step("npm", ["run", "--silent", "lint"]);
if (mode === "unit" || mode === "all") {
  const shared = ["golden", "contract", "fuzz", "lint", "support"].flatMap((folder) =>
    filesUnder(`test/${folder}`, ".test.js"),
  );
  await runTogether([...filesUnder("src", ".test.js"), ...shared]);
}
await fetched;
if (mode === "e2e" || mode === "all") for (const file of filesUnder("test/e2e", ".test.js")) await runNode([file]);
if (mode === "drills")
  for (const file of filesUnder("test/e2e", ".drill.test.js")) await runNode([file], { TUSK_DRILLS: "long" });

console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(broken || totals.failed > 0 || totals.passed === 0 ? 1 : 0);

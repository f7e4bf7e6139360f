// Compiles TypeScript to dist/, takes away what a source that is gone has left there, and copies what is not code.
// Incremental: a second run takes under a second.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
const compiled = spawnSync(process.execPath, [tsc, "-p", root], { stdio: "inherit" });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
removeOrphans();
for (const folder of ["src/services/templates"]) {
  if (existsSync(join(root, folder))) cpSync(join(root, folder), join(root, "dist", folder), { recursive: true });
}
const bin = join(root, "dist/src/cli/main.js");
if (existsSync(bin)) chmodSync(bin, 0o755);

/** A test of a file that was renamed would run for ever. */
function removeOrphans() {
  const dist = join(root, "dist");
  for (const path of readdirSync(dist, { recursive: true })) {
    const [, stem] = /^(.*?)\.(?:d\.ts|js)$/.exec(path) ?? [];
    const isCode = stem !== undefined && !stem.startsWith("src/services/templates/");
    if (isCode && !existsSync(join(root, `${stem}.ts`))) rmSync(join(dist, path));
  }
}

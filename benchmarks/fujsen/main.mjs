// Every area of FUJSEN on the public data that is there: `npm run bench:fujsen -- run --data DIR` after a build, or
// `predict --data DIR --out OUT` (reads no label) and `score --data DIR --predictions OUT`. Each area has its own
// program beside this one, with the same steps; an area without data in DIR is left out and named.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
/** Program, and the folders of data of which one must be there. */
const areas = [
  ["forecast.mjs", ["m4-hourly"]],
  ["root-cause.mjs", ["petshop", "sock-shop", "nezha"]],
  ["capacity.mjs", ["traces"]],
  ["anomaly.mjs", ["nab"]],
];

const given = process.argv.slice(2);
const { values } = parseArgs({ args: given, strict: false, options: { data: { type: "string" } } });
const data = values.data ?? process.env.TUSK_BENCH_DATA ?? "";
const failed = areas.filter(([program, folders]) => {
  if (!folders.some((folder) => existsSync(join(data, folder)))) {
    console.log(`${program} is left out: none of ${folders.join(", ")} is in ${data || "--data"}`);
    return false;
  }
  console.log(`\n${program}`);
  return spawnSync(process.execPath, [join(here, program), ...given], { stdio: "inherit" }).status !== 0;
});
process.exit(failed.length === 0 ? 0 : 1);

// The Numenta Anomaly Benchmark's files as they are published: rows of a timestamp and a value, and for each file the
// windows (first and last timestamp) in which a detection counts.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "nab";

export function parseRows(text) {
  const [, ...lines] = text.trim().split(/\r?\n/);
  const cells = lines.map((line) => line.split(","));
  return {
    times: Float64Array.from(cells, ([timestamp]) => milliseconds(timestamp)),
    values: Float64Array.from(cells, ([, value]) => Number(value)),
  };
}

/** Timestamps have no zone; all are read as UTC, so that a day has 24 hours. */
export const milliseconds = (timestamp) => Date.parse(`${timestamp.slice(0, 19).replace(" ", "T")}Z`);

/** Every CSV file, in order of name. Reads no label. */
export function filesOf(data) {
  const root = join(data, folder, "data");
  const names = readdirSync(root, { recursive: true }).filter((name) => name.endsWith(".csv"));
  return names.sort().map((file) => ({ file, ...parseRows(readFileSync(join(root, file), "utf8")) }));
}

/** Windows as first and last row, by file; only of files that are labelled. */
export function windowsOf(data, files) {
  const path = join(data, folder, "windows-dev.json");
  if (!existsSync(path)) throw new Error(`${path} is not there`);
  const labelled = JSON.parse(readFileSync(path, "utf8"));
  const known = files.filter(({ file }) => labelled[file]);
  return new Map(known.map(({ file, times }) => [file, labelled[file].map((window) => rowsOf(window, times))]));
}

function rowsOf([from, to], times) {
  const [first, last] = [times.indexOf(milliseconds(from)), times.indexOf(milliseconds(to))];
  if (first < 0 || last < first) throw new Error(`no rows for the window ${from} to ${to}`);
  return [first, last];
}

// The M4 competition's hourly series as its CSV files hold them: a header, then a name and values in each row.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const horizon = 48;

const folder = "m4-hourly";

export function parseSeries(text) {
  return text
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => {
      const [id = "", ...cells] = line.split(",").map((cell) => cell.replaceAll('"', ""));
      return { id, values: cells.filter((cell) => cell !== "" && cell !== "NA").map(Number) };
    });
}

const read = (data, file) => parseSeries(readFileSync(join(data, folder, file), "utf8"));

export const trainingOf = (data) => read(data, "train.csv");

/** By name; only of the development part. */
export const actualsOf = (data) => new Map(read(data, "test-dev.csv").map(({ id, values }) => [id, values]));

// Demand traces as rates at equal ticks, and requests drawn from them. A file is known by what is in it, not by its name:
// lines of `time,count` (the count of the interval that begins then), or one number a line (requests in each second).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { drawPoisson, seededRng } from "../../dist/src/fujsen/capacity/random.js";

export const tickSeconds = 15;
/** Traces of large sites are brought to the size of a service with a handful of replicas, where whole numbers hurt. */
const scale = 0.02;
const seed = 98;

export function tracesOf(data) {
  const folder = join(data, "traces");
  const files = readdirSync(folder).filter((file) => /\.(csv|txt)$/.test(file));
  return files.sort().map((file) => {
    const rates = ratesOf(readFileSync(join(folder, file), "utf8"));
    const draw = seededRng(seed);
    const arrivals = rates.map((rate) => drawPoisson(rate * tickSeconds, draw));
    return { trace: file.replace(/(-per-\w+)?\.\w+$/, ""), rates, arrivals };
  });
}

export function ratesOf(text) {
  const lines = text.trim().split(/\r?\n/);
  return (lines.at(-1).includes(",") ? fromIntervals(lines) : fromSeconds(lines)).map((rate) => rate * scale);
}

function fromIntervals(lines) {
  const rows = lines.map((line) => line.split(",")).filter(([time]) => !Number.isNaN(Date.parse(time)));
  const seconds = (Date.parse(rows[1][0]) - Date.parse(rows[0][0])) / 1000;
  return rows.flatMap(([, count]) => new Array(Math.round(seconds / tickSeconds)).fill(Number(count) / seconds));
}

function fromSeconds(lines) {
  const counts = lines.map(Number).filter(Number.isFinite);
  const ticks = Math.floor(counts.length / tickSeconds);
  return Array.from({ length: ticks }, (_, tick) => {
    const within = counts.slice(tick * tickSeconds, (tick + 1) * tickSeconds);
    return within.reduce((sum, count) => sum + count, 0) / tickSeconds;
  });
}

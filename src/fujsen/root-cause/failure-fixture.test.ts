// A small shop (front calls api and mail, api calls db) of an hour before and five minutes of a failure, to be made worse.
import type { FailureData, FailureMetric, FailureSeries, ServiceCall } from "./failure-data.js";

export const start = Date.parse("2026-01-01T10:00:00.000Z");
export const stepMs = 60_000;
const quietMinutes = 60;
const failureMinutes = 5;

export const from = new Date(start + quietMinutes * stepMs - 1).toISOString();
export const to = new Date(start + (quietMinutes + failureMinutes - 1) * stepMs).toISOString();

export const calls: readonly ServiceCall[] = [
  { caller: "front", callee: "api" },
  { caller: "front", callee: "mail" },
  { caller: "api", callee: "db" },
];

const usual: Readonly<Record<string, Readonly<Record<FailureMetric, number>>>> = {
  front: { latency: 100, errorRate: 0, requests: 600, cpu: 0.4, memory: 2e8 },
  api: { latency: 60, errorRate: 0, requests: 600, cpu: 0.5, memory: 3e8 },
  db: { latency: 20, errorRate: 0, requests: 1200, cpu: 0.6, memory: 8e8 },
  mail: { latency: 30, errorRate: 0, requests: 60, cpu: 0.1, memory: 1e8 },
};

/** From -1 to 1, the same each time; it needs no random source (a linear congruence of Knuth's MMIX, low bits dropped). */
function noise(seed: number): () => number {
  let state = BigInt(seed) + 1n;
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number(state >> 40n) / 8_388_608 - 1;
  };
}

/** What is added in the three worst minutes, by service and metric. */
export type Change = Partial<Record<string, Partial<Record<FailureMetric, number>>>>;

export function shopSeries(change: Change = {}): FailureSeries[] {
  return Object.entries(usual).flatMap(([service, levels], place) =>
    Object.entries(levels).map(([name, level], index) => {
      const metric = name as FailureMetric;
      const next = noise(place * 10 + index);
      const values = timestamps.map((_, minute) => {
        const added = isWorst(minute) ? (change[service]?.[metric] ?? 0) : 0;
        return level * (1 + 0.05 * next()) + added;
      });
      return { service, metric, timestamps, values };
    }),
  );
}

export const timestamps = Array.from({ length: quietMinutes + failureMinutes }, (_, minute) => start + minute * stepMs);
export const isWorst = (minute: number): boolean => minute >= quietMinutes && minute < quietMinutes + 3;

export function shopFailure(change: Change = {}, more: Partial<FailureData> = {}): FailureData {
  const failure = { from, to, symptom: { service: "front", metric: "latency" as const } };
  return { failure, series: shopSeries(change), calls, ...more };
}

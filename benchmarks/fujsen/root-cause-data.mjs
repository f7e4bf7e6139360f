// Cases of the three public sets as FUJSEN's own input. Everything is found by listing folders: nothing is learnt from
// a folder's name, and no label is read (a target's own service, metric and time are part of the question).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const second = 1000;
const minute = 60 * second;

const iso = (ms) => new Date(ms).toISOString();
const subfolders = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort()
    : [];
const number = (text) => (text === undefined || text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text));

export function readCsv(file) {
  return readFileSync(file, "utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map((line) => line.split(","));
}

export function* rootCauseCases(data) {
  yield* petshopCases(join(data, "petshop"));
  yield* sockShopCases(join(data, "sock-shop"));
  yield* nezhaCases(join(data, "nezha"));
}

// PetShop: a scenario holds graph.csv, one folder with metrics.csv where nothing is wrong, and splits of issues.

const petshopStep = 5 * minute;
const petshopMetric = { latency: "latency", availability: "errorRate", requests: "requests" };

function* petshopCases(folder) {
  for (const scenario of foldersWith(folder, "graph.csv")) {
    const calls = readGraph(join(scenario, "graph.csv"));
    const quietFolder = subfolders(scenario).find((name) => existsSync(join(scenario, name, "metrics.csv")));
    const quiet = quietFolder ? readPetshopMetrics(join(scenario, quietFolder, "metrics.csv")) : null;
    const symptoms = new Map();
    for (const split of subfolders(scenario)) {
      for (const issue of subfolders(join(scenario, split))) {
        const path = join(scenario, split, issue);
        if (!existsSync(join(path, "target.json"))) continue;
        const { target } = JSON.parse(readFileSync(join(path, "target.json"), "utf8"));
        symptoms.set(JSON.stringify([target.node, target.metric, target.agg]), target);
        const rows = readPetshopMetrics(join(path, "metrics.csv"));
        // Rows carry the beginning of their interval. Without a time, all of them are the failure.
        const from = target.timestamp === undefined ? rows.times[0] - 1 : target.timestamp * second - petshopStep;
        const to = Math.max(...rows.times, from + 1);
        const table = joinTables(quiet, rows);
        yield {
          id: `petshop/${basename(scenario)}/${split}/${issue}`,
          data: petshopData({ table, calls, target, from, to }),
        };
      }
    }
    if (quiet) yield* quietCases({ id: `petshop/${basename(scenario)}/${quietFolder}`, quiet, calls, symptoms });
  }
}

/** Windows of quiet data as if somebody had reported a failure: as long as an issue, and from a point to the end. */
function* quietCases({ id, quiet, calls, symptoms }) {
  const issueRows = 4;
  const { times } = quiet;
  const half = Math.floor(times.length / 2);
  for (const target of symptoms.values()) {
    const window = (kind, first, last) => ({
      id: `${id}/${kind}-${first}/${target.metric}`,
      data: petshopData({ table: quiet, calls, target, from: times[first] - 1, to: times[last] }),
    });
    for (let first = 1; first + issueRows <= times.length; first += 5)
      yield window("short", first, first + issueRows - 1);
    for (let first = half; first < times.length - 3; first += Math.floor(times.length / 10)) {
      yield window("rest", first, times.length - 1);
    }
  }
}

function petshopData({ table, calls, target, from, to }) {
  const series = [];
  for (const { service, metric, statistic, values } of table.columns) {
    const wanted = metric === "requests" ? "Sum" : target.agg;
    if (statistic !== wanted || petshopMetric[metric] === undefined) continue;
    series.push({
      service,
      metric: petshopMetric[metric],
      timestamps: table.times,
      values: metric === "availability" ? values.map((value) => (value === null ? null : 1 - value / 100)) : values,
    });
  }
  const symptom = { service: target.node, metric: petshopMetric[target.metric] };
  return { failure: { from: iso(from), to: iso(to), symptom }, series, calls };
}

function readPetshopMetrics(file) {
  const lines = readCsv(file);
  const [services, metrics, statistics] = lines;
  const rows = lines.filter((line, index) => index > 2 && number(line[0]) !== null);
  return {
    times: rows.map((row) => Number(row[0]) * second),
    columns: services.slice(1).map((service, index) => ({
      service,
      metric: metrics[index + 1],
      statistic: statistics[index + 1],
      values: rows.map((row) => number(row[index + 1])),
    })),
  };
}

/** Rows of the first that the second has too are left out. */
function joinTables(first, second) {
  if (!first) return second;
  const known = new Set(second.times);
  const kept = [...first.times.keys()].filter((index) => !known.has(first.times[index]));
  const keyOf = ({ service, metric, statistic }) => JSON.stringify([service, metric, statistic]);
  const columns = new Map();
  const nothing = (length) => new Array(length).fill(null);
  for (const column of first.columns) {
    const values = [...kept.map((index) => column.values[index]), ...nothing(second.times.length)];
    columns.set(keyOf(column), { ...column, values });
  }
  for (const column of second.columns) {
    const before = columns.get(keyOf(column))?.values.slice(0, kept.length) ?? nothing(kept.length);
    columns.set(keyOf(column), { ...column, values: [...before, ...column.values] });
  }
  return { times: [...kept.map((index) => first.times[index]), ...second.times], columns: [...columns.values()] };
}

function readGraph(file) {
  const [[, ...callees], ...rows] = readCsv(file);
  return rows.flatMap(([caller, ...cells]) =>
    cells.flatMap((cell, index) => (Number(cell) > 0 ? [{ caller, callee: callees[index] }] : [])),
  );
}

function foldersWith(folder, file) {
  if (existsSync(join(folder, file))) return [folder];
  return subfolders(folder).flatMap((name) => foldersWith(join(folder, name), file));
}

// Sock Shop: a run holds normal.csv and anomalous.csv with columns service_metric.

const sockShopMetric = { cpu: "cpu", mem: "memory", lod: "requests", lat_90: "latency" };
const sockShopRows = 300;

function* sockShopCases(folder) {
  for (const run of foldersWith(folder, "anomalous.csv")) {
    const [head, ...normal] = readCsv(join(run, "normal.csv"));
    const [anomalousHead, ...rest] = readCsv(join(run, "anomalous.csv"));
    const anomalous = rest.slice(0, sockShopRows);
    const timeOf = (row) => Number(row[0]) * second;
    const known = new Set(anomalous.map(timeOf));
    const before = normal.filter((row) => !known.has(timeOf(row)));
    const series = head.flatMap((name, column) => {
      const [, service, kind] = /^(.+?)_(cpu|mem|lod|lat_90)$/.exec(name) ?? [];
      if (!service) return [];
      const other = anomalousHead.indexOf(name);
      const values = [...before.map((row) => number(row[column])), ...anomalous.map((row) => number(row[other]))];
      return { service, metric: sockShopMetric[kind], timestamps: [...before, ...anomalous].map(timeOf), values };
    });
    const [from, to] = [timeOf(anomalous[0]) - 1, timeOf(anomalous.at(-1))];
    yield {
      id: `sock-shop/${basename(dirname(run))}/${basename(run)}`,
      data: { failure: { from: iso(from), to: iso(to) }, series },
    };
  }
}

// Nezha: a day holds a list of injection times and a folder of metrics, one file for each pod.

const nezhaMetric = {
  "CpuUsage(m)": "cpu",
  "MemoryUsage(Mi)": "memory",
  "PodServerLatencyP90(s)": "latency",
  "PodWorkload(Ops)": "requests",
};
const nezhaAfter = 5 * minute;

const nezhaTime = (text) => Date.parse(`${text.slice(0, 10)}T${text.slice(11, 19)}Z`);
const withoutReplica = (pod) => pod.replace(/-[a-z0-9]+-[a-z0-9]+$/, "");

function* nezhaCases(folder) {
  for (const day of subfolders(join(folder, "rca_data"))) {
    const path = join(folder, "rca_data", day);
    const list = readdirSync(path).find((name) => name.endsWith(".json"));
    if (!list) continue;
    const { series, calls } = readNezhaDay(join(path, "metric"));
    for (const fault of Object.values(JSON.parse(readFileSync(join(path, list), "utf8"))).flat()) {
      const { inject_timestamp: timestamp = fault } = fault;
      const at = injectedAt(fault.inject_time, timestamp, series);
      const seen = series.map((one) => upTo(one, at + nezhaAfter));
      const failure = { from: iso(at - 1), to: iso(at + nezhaAfter) };
      yield { id: `nezha/${day}/${timestamp}`, data: { failure, series: seen, calls } };
    }
  }
}

/** Some injection timestamps of the set are in another time zone than its metrics; the written time never is. */
function injectedAt(written, timestamp, series) {
  if (written) return nezhaTime(written);
  const at = Number(timestamp) * second;
  const zone = 8 * 60 * minute;
  return at < series[0].timestamps[0] ? at + zone : at;
}

function readNezhaDay(folder) {
  const files = readdirSync(folder).sort();
  const pods = files.filter((name) => name.endsWith("_metric.csv")).map((name) => name.slice(0, -"_metric.csv".length));
  const podOf = new Map(pods.map((pod) => [withoutReplica(pod), pod]));
  const series = pods.flatMap((pod) => readPod(pod, join(folder, `${pod}_metric.csv`)));
  for (const [file, measuredBy] of [
    ["source_50.csv", "caller"],
    ["destination_50.csv", "callee"],
  ]) {
    if (files.includes(file)) series.push(...readLinks(join(folder, file), measuredBy, podOf));
  }
  const dependencies = files.includes("dependency.csv") ? readCsv(join(folder, "dependency.csv")).slice(1) : [];
  const calls = dependencies.flatMap(([caller, callee]) =>
    podOf.has(caller) && podOf.has(callee) ? [{ caller: podOf.get(caller), callee: podOf.get(callee) }] : [],
  );
  return { series, calls };
}

function readPod(service, file) {
  const [head, ...rows] = readCsv(file);
  const timestamps = rows.map(([time]) => nezhaTime(time));
  return Object.entries(nezhaMetric).map(([name, metric]) => {
    const column = head.indexOf(name);
    return { service, metric, timestamps, values: rows.map((row) => number(row[column])) };
  });
}

function readLinks(file, measuredBy, podOf) {
  const [head, ...rows] = readCsv(file);
  const timestamps = rows.map(([time]) => nezhaTime(time));
  return head.flatMap((name, column) => {
    const [caller, service] = name.split("_").map((part) => podOf.get(part));
    if (!caller || !service) return [];
    return {
      service,
      caller,
      measuredBy,
      metric: "latency",
      timestamps,
      values: rows.map((row) => number(row[column])),
    };
  });
}

function upTo(series, last) {
  const end = series.timestamps.findIndex((time) => time > last);
  if (end < 0) return series;
  return { ...series, timestamps: series.timestamps.slice(0, end), values: series.values.slice(0, end) };
}

// Faults that we plant ourselves in PetShop's quiet data: its labelled issues all have the same cause, these have every
// busy service in turn. A planted fault adds time (or failed requests) to a service for two intervals, and as much to
// everyone who waits for it, up to the service that shows the symptom; all noise is the real system's.
import { dependencies } from "../../dist/src/fujsen/root-cause/measure-failure.js";
import { median } from "../../dist/src/fujsen/root-cause/robust.js";

/** What a fault adds, as a share of the symptom's usual time or of its requests. */
const shares = { latency: [0.1, 0.2, 0.4], errorRate: [0.02, 0.05] };
/** Median requests in an interval from which a service is busy. */
const busy = 50;
const everyNth = 20;

export function* plantedCases(cases) {
  let count = 0;
  for (const { id, data } of cases) {
    if (!/^petshop\/.+\/short-\d+\//.test(id) || count++ % everyNth !== 0) continue;
    const { symptom } = data.failure;
    const candidates = dependencies(calleesOf(data.calls), symptom.service);
    for (const service of candidates) {
      if (!(requestsOf(data, service) >= busy) || !servesIn(data, service)) continue;
      for (const share of shares[symptom.metric]) {
        const group = `PetShop, planted, ${symptom.metric} ${share}`;
        yield {
          id: `${id}/${service}/${share}`,
          group,
          kind: "found",
          truth: service,
          data: plant(data, service, share),
        };
      }
    }
  }
}

function plant(data, cause, share) {
  const { symptom, from } = data.failure;
  const waiting = dependencies(callersOf(data.calls), cause);
  const reached = dependencies(calleesOf(data.calls), symptom.service);
  const added = share * usualTotal(data, symptom);
  const series = data.series.map((one) => {
    if (one.metric !== symptom.metric || !waiting.has(one.service) || !reached.has(one.service)) return one;
    const requests = valuesOf(data, one.service, "requests");
    const begin = one.timestamps.findIndex((time) => time > Date.parse(from)) + 1;
    const values = one.values.map((value, index) =>
      (index === begin || index === begin + 1) && requests[index] > 0 ? (value ?? 0) + added / requests[index] : value,
    );
    return { ...one, values };
  });
  return { ...data, series };
}

/** Where a service has no row for the two intervals, nothing can be planted. */
function servesIn(data, service) {
  const { timestamps, values } = data.series.find((one) => one.service === service && one.metric === "requests");
  const begin = timestamps.findIndex((time) => time > Date.parse(data.failure.from)) + 1;
  return values[begin] > 0 && values[begin + 1] > 0;
}

const valuesOf = (data, service, metric) =>
  data.series.find((one) => one.service === service && one.metric === metric)?.values ?? [];

const requestsOf = (data, service) => median(valuesOf(data, service, "requests").map((value) => value ?? 0));

function usualTotal(data, { service, metric }) {
  const values = valuesOf(data, service, metric);
  const requests = valuesOf(data, service, "requests");
  return median(requests.map((count, index) => (count ?? 0) * (metric === "latency" ? (values[index] ?? 0) : 1)));
}

function calleesOf(calls) {
  const callees = new Map();
  for (const { caller, callee } of calls) callees.set(caller, [...(callees.get(caller) ?? []), callee]);
  return callees;
}

const callersOf = (calls) => calleesOf(calls.map(({ caller, callee }) => ({ caller: callee, callee: caller })));

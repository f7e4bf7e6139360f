// What a change of ten thousand endpoints costs a worker that serves: from the message to its acknowledgement, how long
// the worker's event loop stood still (measured within it), and the longest time in which clients that ask all the time
// got no answer.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { connectWorker } from "../../dist/src/proxy/worker-client.js";
import { planOf, startTusk, tableOf, tell } from "./peers/tusk.mjs";
import { endpointsAt, manyEndpoints } from "./scenario.mjs";
import { startUpstream } from "./upstream.mjs";
import { makeWorkspace } from "./workspace.mjs";

const endpoints = 10_000;
const goalMs = { swap: 50, stall: 20 };

export async function measureSwap({ rounds }) {
  const workspace = makeWorkspace();
  try {
    const upstream = await startUpstream(workspace);
    const probe = fileURLToPath(new URL("stall-probe.mjs", import.meta.url));
    const tusk = await startTusk(workspace, manyEndpoints(endpoints)(upstream), ["--import", probe]);
    const worker = await connectWorker({ socketPath: tusk.socket, onNotice() {}, onLost() {} });
    const steady = await startClients(tusk.port);
    await delay(3_000);
    const runs = [];
    const calm = await stallOf(tusk.child, steady, () => delay(200));
    for (let round = 0; round < rounds + 2; round++)
      runs.push(await swapOnce(round, { tusk, worker, steady, upstream }));
    const { failed } = await steady.ask("read");
    await steady.stop();
    worker.close();
    // The first ones are those of code that was never run.
    return { calm, runs: runs.slice(2), failed };
  } finally {
    await workspace.close();
  }
}

/** A tenth of the endpoints are others each time. */
async function swapOnce(round, { tusk, worker, steady, upstream }) {
  const all = endpointsAt(upstream.port, endpoints + endpoints / 10);
  const from = round % 2 === 0 ? endpoints / 10 : 0;
  const scenario = { ...manyEndpoints(endpoints)(upstream) };
  scenario.services = [{ ...scenario.services[0], endpoints: all.slice(from, from + endpoints) }];
  const table = tableOf(scenario, round + 2);
  // Ids belong to addresses.
  for (const [index, endpoint] of table.clusters["service-0"].entries()) endpoint.id = `service-0-${from + index + 1}`;
  const changes = [
    { type: "plan", plan: planOf(scenario, round + 2) },
    { type: "endpoints", table },
  ];
  await delay(300);
  let swapMs = 0;
  const stall = await stallOf(tusk.child, steady, async () => {
    const startedAt = performance.now();
    for (const change of changes) await tell(worker, change);
    swapMs = performance.now() - startedAt;
    // What was put off to after the acknowledgement counts, too.
    await delay(200);
  });
  return { swapMs, ...stall };
}

async function stallOf(child, steady, work) {
  child.send({ type: "bench-probe-reset" });
  await steady.ask("reset");
  await delay(50);
  await work();
  child.send({ type: "bench-probe-read" });
  const { longestMs, longestCpuMs } = await probed(child);
  return { stallMs: longestMs, cpuMs: longestCpuMs, gapMs: (await steady.ask("read")).longestGapMs };
}

/** Its other messages are for the keeper. */
async function probed(child) {
  for (;;) {
    const [message] = await once(child, "message");
    if (message.type === "bench-probe") return message;
  }
}

/** In a thread of their own: what this one does is no gap of theirs. */
async function startClients(port) {
  const thread = new Worker(new URL("steady-clients.mjs", import.meta.url), { workerData: { port } });
  await once(thread, "message");
  return {
    async ask(what) {
      const answered = once(thread, "message");
      thread.postMessage(what);
      return (await answered)[0];
    },
    stop: () => thread.terminate(),
  };
}

const middle = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)];

export function printSwap({ calm, runs, failed }) {
  const of = (field) => runs.map((run) => run[field]);
  const cells = (name, values) => [name, middle(values).toFixed(1), Math.max(...values).toFixed(1)].join(" | ");
  console.log("\n### A new plan and a table of 10,000 endpoints, a tenth of them new\n");
  console.log("|  | middle, ms | worst, ms |\n| --- | ---: | ---: |");
  console.log(`| ${cells("message to acknowledgement", of("swapMs"))} |`);
  console.log(`| ${cells("event loop of the worker stands still", of("stallMs"))} |`);
  console.log(`| ${cells("CPU that all its threads used in such a time", of("cpuMs"))} |`);
  console.log(`| ${cells("no answer to any of four clients", of("gapMs"))} |`);
  console.log(`\nWithout a change: event loop ${calm.stallMs.toFixed(1)} ms, clients ${calm.gapMs.toFixed(1)} ms.\n`);
  const goals = [
    [`plan swap within ${goalMs.swap} ms`, middle(of("swapMs")) <= goalMs.swap],
    [`no stall over ${goalMs.stall} ms in the worker`, middle(of("stallMs")) <= goalMs.stall],
    [`no gap over ${goalMs.stall} ms for a client`, middle(of("gapMs")) <= goalMs.stall],
    ["no request failed", failed === 0],
  ];
  for (const [goal, isMet] of goals) console.log(`- goal: ${goal}: ${isMet ? "met" : "MISSED"}`);
  return goals.every(([, isMet]) => isMet);
}

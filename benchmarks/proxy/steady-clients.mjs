// A thread with four clients that ask one request after the other, and how long none of them got an answer.
import { Agent, request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const clients = 4;
const { port } = workerData;
const agent = new Agent({ keepAlive: true, maxSockets: clients });
let longestGapMs = 0;
let failed = 0;
let last = performance.now();

function note(statusCode) {
  if (statusCode !== 200) failed++;
  const now = performance.now();
  longestGapMs = Math.max(longestGapMs, now - last);
  last = now;
}

function ask() {
  const sent = request({ host: "127.0.0.1", port, path: "/small", agent }, (answer) => {
    note(answer.statusCode);
    answer.resume().once("end", ask);
  });
  sent.on("error", () => {
    note(0);
    setTimeout(ask, 10);
  });
  sent.end();
}

parentPort.on("message", (what) => {
  if (what === "reset") longestGapMs = 0;
  parentPort.postMessage({ longestGapMs, failed });
});

for (let client = 0; client < clients; client++) ask();
parentPort.postMessage("started");

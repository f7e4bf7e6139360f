// The number of proxy workers, set in the spec: applied to the running system, their counts summed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp, shopSpec } from "../support/app.js";
import { eventually } from "../support/eventually.js";

const withWorkers = (workers: number) => (port: number) =>
  shopSpec(port).replace(/gateway: .*/, `gateway: { port: ${port}, workers: ${workers} }`);

test("workers come and go with the spec, and the counts of all are one sum", async (t) => {
  const app = await createApp(t, { spec: withWorkers(3) });
  await app.up();
  const before = await app.pids("worker");
  assert.equal(before.length, 3);
  const asked = 60;
  await Promise.all(Array.from({ length: asked }, () => app.get("/users")));
  const counted = async (): Promise<number> => {
    const { stdout } = await app.run("metrics", "--prometheus");
    const lines = stdout.split("\n").filter((line) => /^tusk_requests_total\{[^}]*caller="gateway"/.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
  assert.equal(await counted(), asked);
  const renewed = await app.json<{ restarted: { workers: { pid: number }[] } }>("restart", "--proxy");
  const pids = renewed.restarted.workers.map(({ pid }) => pid);
  assert.equal(new Set([...pids, ...before]).size, 6);
  app.write("tusk.yaml", withWorkers(1)(app.gatewayPort));
  await eventually(async () => (await app.pids("worker")).length === 1, {
    what: "one worker is left",
    timeoutMs: 20_000,
  });
  assert.equal((await app.get("/users")).status, 200);
  await app.down();
  await app.assertNothingLeft();
});

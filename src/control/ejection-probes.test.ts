import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../../test/doubles/workers.js";
import { FakeClock } from "../base/fake-clock.js";
import type { WorkerRequest } from "../keeper/protocol.js";
import type { InstanceHealthReport, InstanceView } from "../orchestrator/orchestrator.js";
import type { ProbePlan, ProcessPlan } from "../plan/process-plan.js";
import { EjectionProbes } from "./ejection-probes.js";

const http = { kind: "http", path: "/ready", statuses: [200, 399] } as const;

function setUp(check: ProbePlan["check"]) {
  const clock = new FakeClock();
  const told: Extract<WorkerRequest, { type: "probe-passed" }>[] = [];
  const state = { ok: true, asked: 0 };
  const probe = { check, periodMs: 1_000, timeoutMs: 500, successThreshold: 1, failureThreshold: 3 };
  const plan = { services: [{ service: "users", probes: { readiness: probe } }] } as unknown as ProcessPlan;
  const view = { id: "users-1", service: "users", process: { pid: 5, startTicks: 7 } } as unknown as InstanceView;
  const probes = new EjectionProbes({
    clock,
    plan: () => plan,
    views: () => [view],
    check: async () => {
      state.asked++;
      const readiness = { probe: "readiness", ok: state.ok, at: "", durationMs: 1, detail: "" } as const;
      return [{ instance: "users-1", ok: state.ok, reason: "", probes: [readiness] } satisfies InstanceHealthReport];
    },
    tell: (request) => told.push(request),
  });
  const eject = (forMs = 5_000, epoch = "5.7"): void =>
    probes.onNotice({
      type: "ejected",
      cluster: "users",
      endpoint: "users-1",
      epoch,
      untilEpochMs: clock.now() + forMs,
      reason: "failures",
    });
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled();
  };
  return { clock, probes, eject, advance, told, state };
}

test("a passing HTTP probe that began after the ejection brings it back", async () => {
  const { clock, eject, advance, told, state } = setUp(http);
  state.ok = false;
  eject();
  eject();
  const ejectedAt = clock.now();
  await advance(1_000);
  assert.deepEqual([told.length, state.asked], [0, 1]);
  state.ok = true;
  await advance(1_000);
  assert.deepEqual([told.length, state.asked], [1, 2]);
  assert.equal(told[0]?.epoch, "5.7");
  assert.ok((told[0]?.begunAtEpochMs ?? 0) > ejectedAt);
  await advance(10_000);
  assert.equal(state.asked, 2);
});

test("no probe of a port or by a command, none beyond the ejection's end, none of another life", async () => {
  for (const check of [{ kind: "tcp" }, { kind: "command", command: { kind: "shell", command: "true" } }] as const) {
    const { eject, advance, told, state } = setUp(check);
    eject();
    await advance(4_000);
    assert.deepEqual([told.length, state.asked], [0, 0]);
  }
  const short = setUp(http);
  short.eject(900);
  await short.advance(2_000);
  assert.equal(short.state.asked, 0);
  const other = setUp(http);
  other.eject(5_000, "5.8");
  await other.advance(2_000);
  assert.deepEqual(other.told, []);
});

test("closed: nothing more", async () => {
  const { probes, eject, advance, state } = setUp(http);
  eject();
  probes.close();
  eject();
  await advance(1_000);
  await advance(5_000);
  assert.ok(state.asked <= 1);
});

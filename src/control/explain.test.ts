import assert from "node:assert/strict";
import { test } from "node:test";
import { appSpec, serviceSpec } from "../../test/doubles/control-plane.js";
import { instanceView, startingView } from "../../test/doubles/orchestrator.js";
import type { TuskEvent } from "../base/event.js";
import { defaultSettings } from "../model/settings.js";
import { explainService, type ServiceEvidence, toExplainRequest } from "./explain.js";

const spec = appSpec([
  serviceSpec("users"),
  serviceSpec("orders", { calls: ["users"] }),
  serviceSpec("idle", { replicas: 0 }),
]);

function evidence(more: Partial<ServiceEvidence> = {}): ServiceEvidence {
  return { spec, settings: defaultSettings, views: [], events: [], bound: new Map(), ...more };
}

const backoff = instanceView("users-2", {
  phase: "backoff",
  health: "critical",
  ready: false,
  process: null,
  reason: "exited with code 1",
});

test("a service that is ready, one in trouble, one of no size", () => {
  const views = [instanceView("users-1"), backoff, instanceView("orders-1")];
  assert.equal(
    explainService("orders", evidence({ views })).summary,
    "orders is ready: 1 of 1 instance receives traffic",
  );
  assert.equal(
    explainService("users", evidence({ views })).summary,
    "users has 1 of 2 instances ready; users-2 is in backoff: exited with code 1",
  );
  assert.equal(explainService("idle", evidence()).summary, "idle has no instance: it is scaled to 0");
  assert.equal(explainService("users", evidence()).summary, "users has no instance yet");
});

test("what it waits for, link by link, nearest first", () => {
  const views = [
    startingView("orders-1", { phase: "waiting", waitingFor: ["users", "mail"], process: null }),
    startingView("users-1", { phase: "waiting", waitingFor: ["mail"], process: null, reason: "waits for mail" }),
    startingView("mail-1", { reason: "connection refused" }),
  ];
  assert.deepEqual(explainService("orders", evidence({ views })).waiting, [
    "orders waits for users (users-1 waiting: waits for mail)",
    "users waits for mail (mail-1 starting: connection refused)",
    "orders waits for mail (mail-1 starting: connection refused)",
  ]);
});

test("a circle of waiting ends", () => {
  const views = [
    startingView("a-1", { phase: "waiting", waitingFor: ["b"] }),
    startingView("b-1", { phase: "waiting", waitingFor: ["a"] }),
  ];
  assert.equal(explainService("a", evidence({ views })).waiting.length, 2);
});

test("where it reaches others: its own URLs alone, and only those that listen", () => {
  const ok = (name: string, port: number) => [name, { host: "127.0.0.1", result: { name, ok: true, port } }] as const;
  const bound = new Map([
    ok("edge/orders/users", 20_001),
    ok("edge/users/orders", 20_002),
    ok("egress/orders", 20_003),
    ok("egress/users", 20_004),
  ]);
  assert.deepEqual(explainService("orders", evidence({ bound })).calls, {
    declared: ["users"],
    urls: { users: "http://127.0.0.1:20001" },
    egress: "http://127.0.0.1:20003",
  });
  assert.equal(explainService("users", evidence({ bound })).calls.declared, null);
});

test("events are newest first", () => {
  const event = (id: string): TuskEvent => ({ id, at: "", kind: "k", level: "info", message: id });
  const { events } = explainService("users", evidence({ events: [event("1"), event("2")] }));
  assert.deepEqual(
    events.map(({ id }) => id),
    ["2", "1"],
  );
});

test("what is lost by a setting that is off, where it concerns the service", () => {
  const off = {
    ...defaultSettings,
    SERVICE_MESH_ENABLED: false,
    HEALTH_CHECK_ENABLED: false,
    LOAD_BALANCING_ENABLED: false,
    CIRCUIT_BREAKER_ENABLED: false,
    MONITORING_ENABLED: false,
    SERVICE_DISCOVERY_ENABLED: false,
  };
  const names = (service: string) =>
    explainService(service, evidence({ settings: off })).notes.map((note) => note.split(" ")[0]);
  assert.equal(names("orders").length, 6);
  assert.ok(names("users").includes("SERVICE_MESH_ENABLED"), "it could call everybody");
  assert.deepEqual(explainService("orders", evidence()).notes, []);
});

test("a question about a request: by listener, by caller, or the first gateway", () => {
  const listeners = [
    { name: "main", host: "127.0.0.1", port: 8080 },
    { name: "other", host: "127.0.0.1", port: 0 },
  ];
  const question = { method: "GET", target: "/users", headers: {} };
  const listenerOf = (more: object): string => toExplainRequest({ ...question, ...more }, listeners).listener;
  assert.equal(listenerOf({}), "gateway/127.0.0.1:8080");
  assert.equal(listenerOf({ listener: "other" }), "gateway/other");
  assert.equal(listenerOf({ listener: "edge/orders/users" }), "edge/orders/users");
  assert.equal(listenerOf({ caller: "orders" }), "egress/orders");
  assert.equal(toExplainRequest(question, []).listener, "gateway/default");
});

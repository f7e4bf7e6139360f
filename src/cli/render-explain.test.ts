import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestExplanation, RequestRecord } from "../keeper/protocol.js";
import type { InstanceView } from "../orchestrator/orchestrator.js";
import {
  renderHealth,
  renderRecordedRequests,
  renderRequestExplanation,
  renderServiceExplanation,
} from "./render-explain.js";
import { createStyle } from "./style.js";

const plain = createStyle(false);
const now = Date.parse("2026-01-01T00:00:10.000Z");

const view: InstanceView = {
  id: "orders-1",
  service: "orders",
  slot: 1,
  revision: 3,
  phase: "backoff",
  health: "critical",
  ready: false,
  reason: "exit code 1, next start in 4 s",
  waitingFor: [],
  process: null,
  adopted: false,
  port: 20_002,
  restarts: 4,
  startedAt: null,
  nextStartAt: "2026-01-01T00:00:14.000Z",
  lastExit: { code: 1, signal: null, unknown: false, at: "2026-01-01T00:00:09.000Z" },
  lastProbe: { ok: false, at: "2026-01-01T00:00:08.000Z", durationMs: 1, detail: "connection refused" },
  cpuPercent: null,
  memoryBytes: null,
  logFile: "/app/.tusk/logs/orders-1.log",
};

test("a service: the answer first, then what it is made of", () => {
  const text = renderServiceExplanation(
    {
      service: "orders",
      summary: "orders is down: orders-1 exits with code 1",
      instances: [view],
      events: [
        {
          id: "1",
          at: "2026-01-01T00:00:09.000Z",
          kind: "instance.exited",
          level: "error",
          instance: "orders-1",
          message: "exit code 1",
        },
      ],
      waiting: ["orders waits for users"],
      calls: { declared: [], urls: {}, egress: null },
      notes: [],
    },
    plain,
    now,
  );
  assert.equal(
    text,
    `orders is down: orders-1 exits with code 1

Waits
  orders waits for users

Instances
  orders-1  backoff, critical  exit code 1, next start in 4 s
    port 20002, revision 3, 4 restarts, next start in 4s
    last exit: exit code 1 at 2026-01-01T00:00:09.000Z
    last probe: connection refused
    log /app/.tusk/logs/orders-1.log

Calls
  \`calls\` is empty: no service may be called

What led here, newest first
  2026-01-01 00:00:09.000  instance.exited  orders-1 exit code 1`,
  );
});

test("a request: outcome, losers with their reasons, endpoints, policy", () => {
  const told: RequestExplanation = {
    listener: "gateway/default",
    outcome: { kind: "forward", route: "users", cluster: "users" },
    routes: [
      { route: "admin", match: "* Exact /admin", result: "lost", reason: "the path is /users" },
      {
        route: "users",
        match: "* PathPrefix /users",
        result: "chosen",
        reason: "longest prefix",
        origin: { path: "services.users.route", file: "tusk.yaml", line: 3 },
      },
      { route: "all", match: "* PathPrefix /", result: "shadowed", reason: "users matched first" },
    ],
    endpoints: [
      { id: "users-1", address: "127.0.0.1:20001", usable: true, reason: "passing", inFlight: 2 },
      { id: "users-2", address: "127.0.0.1:20002", usable: false, reason: "ejected for 5 s", inFlight: 0 },
    ],
    policy: {
      loadBalancer: "least-request",
      requestTimeoutMs: 15_000,
      attemptTimeoutMs: 0,
      retryAttempts: 2,
      parts: [
        { name: "timeout", value: "15 s" },
        {
          name: "breaker",
          value: "off",
          standing: "closed",
          origin: { path: "services.users.traffic.breaker", file: "tusk.yaml", line: 4 },
        },
      ],
    },
  };
  assert.equal(
    renderRequestExplanation(told, plain),
    `listener gateway/default
forwarded by route users to users

Routes, in order of precedence
  ✖ admin  * Exact /admin  the path is /users
  ✔ users  * PathPrefix /users  longest prefix  tusk.yaml:3
  ◦ all  * PathPrefix /  users matched first

Endpoints
  ✔ users-1  127.0.0.1:20001  2 in flight  passing
  ✖ users-2  127.0.0.1:20002  0 in flight  ejected for 5 s

Policies
  timeout  15 s  default
  breaker  off; now: closed  tusk.yaml:4`,
  );
});

test("a refusal says status, code and reason", () => {
  const outcome = { kind: "refuse", status: 404, code: "NO_ROUTE", reason: "no route matches /x" } as const;
  const text = renderRequestExplanation({ listener: "l", outcome, routes: [], endpoints: [], policy: null }, plain);
  assert.equal(text, "listener l\nrefused 404 NO_ROUTE: no route matches /x");
});

test("health: each probe with its detail", () => {
  const probe = { probe: "readiness", ok: false, at: "", durationMs: 3.6, detail: "503" } as const;
  const report = { service: "users", instance: "users-1", ok: false, reason: "readiness: 503", probes: [probe] };
  assert.equal(renderHealth([report], plain), "✖ users-1  readiness: 503\n    fail  readiness: 503  4 ms");
  assert.equal(renderHealth([], plain), "no instances");
});

const record: RequestRecord = {
  at: "2026-01-01T00:00:00.000Z",
  listener: "gateway/127.0.0.1:8080",
  route: "users",
  caller: "gateway",
  callee: "users",
  method: "GET",
  path: "/users/7",
  status: 200,
  refusal: null,
  broken: false,
  attempts: [
    { endpoint: "users-1", outcome: "connect ECONNREFUSED" },
    { endpoint: "users-2", outcome: "answered 200" },
  ],
  acted: ["limits: waited for an instance with room"],
  durationMs: 12.34,
  firstByteMs: 10,
  requestBytes: 0,
  responseBytes: 512,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  requestId: "my-id",
};

test("a request that is over: what became of it, each attempt, each policy that acted", () => {
  assert.equal(
    renderRecordedRequests([record], plain),
    `GET /users/7 from gateway to users by route users
200
  2026-01-01T00:00:00.000Z on gateway/127.0.0.1:8080, took 12.3 ms, answer began after 10 ms; 0 bytes in, 512 bytes out
  attempt 1: users-1  connect ECONNREFUSED
  attempt 2: users-2  answered 200
  limits: waited for an instance with room
  request my-id, trace 0af7651916cd43dd8448eb211c80319c`,
  );
});

test("a request that ended otherwise says how", () => {
  const second = (more: Partial<RequestRecord>): string | undefined =>
    renderRecordedRequests([{ ...record, ...more }], plain).split("\n")[1];
  const refusal = { code: "NO_ENDPOINT", reason: "service users has no ready instance" };
  assert.equal(second({ status: 503, refusal }), "503 NO_ENDPOINT: service users has no ready instance");
  assert.equal(second({ status: null }), "the client left before there was an answer");
  assert.equal(second({ broken: true }), "200, and the answer was cut short");
  const { path: _path, ...rest } = record;
  assert.ok(!renderRecordedRequests([{ ...rest, path: "/\u001b[2J" }], plain).includes("\u001b"));
});

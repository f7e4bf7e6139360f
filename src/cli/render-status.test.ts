import assert from "node:assert/strict";
import { test } from "node:test";
import { instanceStatus } from "../../test/doubles/control-plane.js";
import type { RouteStatus, SystemStatus } from "../control/control-plane.js";
import { renderRoutes, renderStatus } from "./render-status.js";
import { createStyle } from "./style.js";

const plain = createStyle(false);
const now = Date.parse("2026-01-01T00:01:05.000Z");

const status: SystemStatus = {
  app: "shop",
  services: [
    {
      name: "users",
      revision: 2,
      replicas: 2,
      ready: 1,
      instances: [
        instanceStatus("users-1"),
        instanceStatus("users-2", {
          pid: null,
          health: "critical",
          phase: "backoff",
          ready: false,
          reason: "exit code 1\u001b[2J",
          restarts: 3,
          startedAt: null,
          cpuPercent: null,
          memoryBytes: null,
          port: null,
          waitingFor: ["db"],
        }),
      ],
    },
    { name: "idle", revision: 1, replicas: 0, ready: 0, instances: [] },
  ],
  gateway: [{ url: "http://127.0.0.1:8080", listener: "default" }],
  controller: { pid: 77, url: "http://127.0.0.1:1" },
};

test("ps: one line an instance, a reason only where one is needed", () => {
  assert.equal(
    renderStatus(status, plain, now),
    `shop  controller 77  gateway http://127.0.0.1:8080

INSTANCE  HEALTH              PID   PORT  REV  RESTARTS    AGE   CPU    MEMORY  REASON
users-1   passing            4242  20001    2         0  1m05s  1.5%  50.0 MiB
users-2   critical, backoff     -      -    2         3      -     -         -  exit code 1[2J (waits for db)

idle: no instances (0 replicas wanted)`,
  );
});

test("ps without services says so", () => {
  assert.match(renderStatus({ ...status, services: [] }, plain, now), /^shop .*\nno services$/);
});

test("routes: gateway and edges apart, weights only where they differ", () => {
  const route = (more: Partial<RouteStatus>): RouteStatus => ({
    name: "users",
    kind: "gateway",
    listener: "gateway/default",
    url: "http://127.0.0.1:8080",
    hostnames: [],
    match: "* PathPrefix /users",
    backends: [{ service: "users", weight: 1, ready: 2 }],
    ...more,
  });
  const text = renderRoutes(
    [
      route({ origin: { path: "services.users.route", file: "tusk.yaml", line: 3 } }),
      route({
        name: "split",
        hostnames: ["shop.local"],
        backends: [
          { service: "users", weight: 9, ready: 2 },
          { service: "next", weight: 1, ready: 0 },
        ],
      }),
      route({ name: "orders -> users", kind: "edge", url: "http://127.0.0.1:21001", match: "any" }),
    ],
    plain,
  );
  assert.match(text, /^Gateway\nROUTE /);
  assert.match(text, /users {2}.*PathPrefix \/users .*users \(2 ready\) +tusk\.yaml:3/);
  assert.match(text, /PathPrefix \/users shop\.local +users \(weight 9, 2 ready\), next \(weight 1, 0 ready\)/);
  assert.match(text, /Between services\n.*\norders -> users {2}http:\/\/127\.0\.0\.1:21001/);
  assert.equal(renderRoutes([], plain), "no routes");
});

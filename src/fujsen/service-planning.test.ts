import assert from "node:assert/strict";
import { test } from "node:test";
import { generateOptimalRouting } from "./optimal-routing.js";
import { analyzeRouteRequirements } from "./route-requirements.js";
import { generateServiceArchitecture } from "./service-architecture.js";
import { generateServiceMetadata } from "./service-metadata.js";
import { analyzeServiceRequirements } from "./service-requirements.js";

test("dependencies become capabilities with their variable; unknown names get the nearest", () => {
  const { capabilities, unknown } = analyzeServiceRequirements({
    name: "carts",
    language: "pyhton",
    framework: "fastapi",
    dependencies: ["sqlalchemy", "psycopg", "redis", "kafak", "constructor"],
  });
  assert.deepEqual(
    capabilities.map(({ capability, dependency, variable }) => [capability, dependency, variable]),
    [
      ["relational-store", "sqlalchemy", "DATABASE_URL"],
      ["cache", "redis", "REDIS_URL"],
    ],
  );
  assert.deepEqual(unknown, [
    { kind: "language", name: "pyhton", nearest: "python" },
    { kind: "dependency", name: "kafak", nearest: "kafka" },
    { kind: "dependency", name: "constructor", nearest: null },
  ]);
});

test("an architecture says what is made, and no number that was not measured", () => {
  const needs = {
    name: "carts",
    dependencies: ["redis"],
    calls: ["stock-items"],
    collectionPath: "/carts",
    replicas: 2,
  };
  const architecture = generateServiceArchitecture(analyzeServiceRequirements(needs));
  assert.deepEqual(architecture.clients, [{ callee: "stock-items", variable: "STOCK_ITEMS_URL" }]);
  assert.deepEqual(architecture.backingServices, [{ capability: "cache", variable: "REDIS_URL" }]);
  assert.deepEqual([architecture.replicas.count, architecture.endpoints.length], [2, 5]);
  assert.deepEqual([architecture.resources.cpuCores, architecture.resources.memoryBytes], [null, null]);
  const bare = generateServiceArchitecture(analyzeServiceRequirements({ name: "x" }));
  assert.deepEqual([bare.endpoints, bare.clients, bare.replicas.count], [[], [], 1]);
});

test("a service keeps its routes; without one, it gets the collection or its name", () => {
  const analysis = analyzeRouteRequirements({
    services: [
      { name: "old", paths: ["/a", "/b"] },
      { name: "made", collectionPath: "/mades", methods: ["GET", "POST"], latencyMs: 100 },
      { name: "plain", methods: ["POST"], p95: 10 },
    ],
  });
  const { routes } = generateOptimalRouting(analysis);
  assert.deepEqual(
    routes.map(({ name, path, existing, requestTimeoutMs }) => [name, path, existing, requestTimeoutMs]),
    [
      ["old", "/a", true, null],
      ["old-2", "/b", true, null],
      ["made", "/mades", false, 2000],
      ["plain", "/plain", false, 1000],
    ],
  );
  assert.deepEqual(
    routes.map(({ cache }) => cache.proposed),
    [false, false, true, false],
  );
  assert.ok(routes.every(({ reasons, cache }) => reasons.length > 0 && cache.reason !== ""));
});

test("metadata takes only what is known", () => {
  const unknown = generateServiceMetadata({ name: "x" });
  assert.deepEqual([unknown.protocol, unknown.port, unknown.version, unknown.zone], [null, null, null, null]);
  const known = generateServiceMetadata({ name: "x", framework: "fastapi", language: "python", port: 80, revision: 3 });
  assert.deepEqual([known.protocol, known.port, known.version, known.tags], ["http", 80, "r3", ["python", "fastapi"]]);
  assert.deepEqual(Object.keys(known.sources), ["protocol", "port", "version"]);
});

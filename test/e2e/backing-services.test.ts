// Created services against the real servers that they use: PostgreSQL, Redis, Kafka and stripe-mock, each started by the
// test. Where one cannot be had its test is skipped and says why.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestApp } from "../support/app.js";
import { createdApp } from "../support/created-app.js";
import { eventually } from "../support/eventually.js";
import { createKafka, findKafka } from "../support/kafka.js";
import { findPostgres, startPostgres } from "../support/postgres-server.js";
import { findRedis, startRedis } from "../support/redis.js";
import { sendJson } from "../support/send-json.js";
import { findStripeMock, startStripeMock } from "../support/stripe-mock.js";

interface Resource {
  readonly id: string;
  readonly name: string;
  readonly status?: string;
}

interface Readiness {
  readonly status: string;
  readonly checks: Readonly<Record<string, unknown>>;
}

async function readiness(app: TestApp, service: string): Promise<{ readonly code: number; readonly body: Readiness }> {
  const [instance] = await app.instances(service);
  const { status, body } = await sendJson<Readiness>("GET", `http://127.0.0.1:${instance?.port}/readyz`);
  return { code: status, body };
}

/** Waits until a check of the first instance says something that matches. */
function checkSays(app: TestApp, service: string, check: string, expected: RegExp): Promise<unknown> {
  const look = async (): Promise<boolean> => {
    const { body } = await readiness(app, service);
    return expected.test(JSON.stringify(body.checks[check] ?? null));
  };
  return eventually(look, { what: `${check} of ${service} says ${expected}`, everyMs: 100, retryErrors: true });
}

async function create(app: TestApp, path: string, body: object, headers = {}): Promise<Resource> {
  const made = await sendJson<Resource>("POST", app.url(path), body, headers);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

async function kill(app: TestApp, service: string): Promise<void> {
  const [instance] = await app.instances(service);
  if (instance?.pid) process.kill(instance.pid, "SIGKILL");
}

test("Redis: reads are cached, a write is seen at once, and without Redis it goes on", async (t) => {
  const found = findRedis();
  if ("missing" in found) return t.skip(found.missing);
  const redis = await startRedis(t, found.path);
  const users = { name: "user-service", dependencies: ["sqlalchemy", "redis"] };
  const app = await createdApp(t, [users], { REDIS_URL: redis.url });
  await app.up();
  await checkSays(app, "user-service", "redis", /ok/);
  const user = await create(app, "/users", { name: "Ada" });
  const url = app.url(`/users/${user.id}`);
  await sendJson("GET", url);
  assert.match(await redis.ask("KEYS *"), new RegExp(user.id));
  assert.equal((await sendJson("PATCH", url, { name: "Ada L" })).status, 200);
  assert.equal((await sendJson<Resource>("GET", url)).body.name, "Ada L");
  await redis.kill();
  assert.equal((await sendJson<Resource>("GET", url)).body.name, "Ada L");
  await create(app, "/users", { name: "Grace" });
  await checkSays(app, "user-service", "redis", /unreachable/);
  assert.equal((await readiness(app, "user-service")).code, 200);
  await redis.start();
  await checkSays(app, "user-service", "redis", /ok/);
});

test("PostgreSQL: the repository is in it, and readiness follows it", async (t) => {
  const found = findPostgres();
  if ("missing" in found) return t.skip(found.missing);
  const postgres = await startPostgres(found.folder);
  t.after(() => postgres.close());
  const users = { name: "user-service", dependencies: ["sqlalchemy"] };
  const app = await createdApp(t, [users], { DATABASE_URL: postgres.createDatabase() });
  await app.up();
  const user = await create(app, "/users", { name: "Ada" });
  await kill(app, "user-service");
  await app.ready("user-service", 1);
  assert.equal((await sendJson<Resource>("GET", app.url(`/users/${user.id}`))).body.name, "Ada");
  await postgres.close();
  const unready = async (): Promise<boolean> => (await readiness(app, "user-service")).code === 503;
  await eventually(unready, { what: "readiness fails without the database", everyMs: 100, retryErrors: true });
});

test("Kafka: no order fails while the broker is away, and kill -9 between commit and publish loses no event", async (t) => {
  const found = await findKafka();
  if ("missing" in found) return t.skip(found.missing);
  const kafka = await createKafka(t, found.path, { running: false });
  const orders = { name: "order-service", dependencies: ["sqlalchemy", "kafka"] };
  const app = await createdApp(t, [orders], { KAFKA_BROKERS: kafka.brokers });
  await app.up();
  const placed = new Set<string>();
  const place = async (name: string): Promise<void> => {
    placed.add((await create(app, "/orders", { name })).id);
  };
  for (let n = 0; n < 20; n++) await place(`away-${n}`);
  await kill(app, "order-service");
  await app.ready("order-service", 1);
  await kafka.start();
  for (let round = 0; round < 3; round++) {
    // A request that the kill cuts off was not acknowledged, and may or may not have been committed.
    const batch = Array.from({ length: 5 }, (_, n) => place(`killed-${round}-${n}`).catch(() => undefined));
    await Promise.any(batch);
    await kill(app, "order-service");
    await Promise.all(batch);
    await app.ready("order-service", 1);
  }
  const all = (): boolean => {
    const text = kafka.logged();
    return [...placed].every((id) => text.includes(id));
  };
  await eventually(all, { what: `${placed.size} events are in Kafka`, timeoutMs: 40_000, everyMs: 500 });
  t.diagnostic(`${placed.size} orders, all published`);
});

test("Stripe: a payment is made once for an Idempotency-Key, also when asked twice at the same moment", async (t) => {
  const found = await findStripeMock();
  if ("missing" in found) return t.skip(found.missing);
  const base = await startStripeMock(t, found.path);
  const payments = { name: "payment-service", dependencies: ["stripe"] };
  const app = await createdApp(t, [payments], { STRIPE_API_KEY: "sk_test_123", STRIPE_API_BASE: base });
  await app.up();
  const body = { reference: "order 1", amount: 1250, currency: "eur" };
  const once = { "idempotency-key": "order-1" };
  const [first, second] = await Promise.all(
    [1, 2].map(() => sendJson<Resource>("POST", app.url("/payments"), body, once)),
  );
  const answers = [first, second].filter((answer) => answer?.status === 201);
  assert.ok(answers.length > 0, JSON.stringify([first, second]));
  const again = await create(app, "/payments", body, once);
  for (const answer of answers) assert.equal(answer?.body.id, again.id);
  assert.notEqual(again.status, "awaiting_provider");
  assert.equal((await sendJson("POST", app.url("/payments"), { ...body, amount: 1 }, once)).status, 422);
  assert.notEqual((await create(app, "/payments", body, { "idempotency-key": "order-2" })).id, again.id);
});

// Created services against the real servers that they use: PostgreSQL, Redis, Kafka and stripe-mock, each started by the
// test. Where one cannot be had its test is skipped and says why.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestApp } from "../support/app.js";
import { createdApp, orders, payments, readiness, users } from "../support/created-app.js";
import { eventually } from "../support/eventually.js";
import { createKafka, findKafka } from "../support/kafka.js";
import { kill9 } from "../support/kill9.js";
import { findPostgres, startPostgres } from "../support/postgres-server.js";
import { findRedis, startRedis } from "../support/redis.js";
import { sendJson } from "../support/send-json.js";
import { createStripeMock, findStripeMock } from "../support/stripe-mock.js";

interface Resource {
  readonly id: string;
  readonly name: string;
}

interface Order extends Resource {
  readonly payment_id: string;
}

interface Payment extends Resource {
  readonly status: string;
  readonly provider_reference: string | null;
}

/** Waits until a check of the first instance says something that matches. */
function checkSays(app: TestApp, service: string, check: string, expected: RegExp): Promise<unknown> {
  const look = async (): Promise<boolean> => {
    const { body } = await readiness(app, service);
    return expected.test(JSON.stringify(body.checks[check] ?? null));
  };
  return eventually(look, { what: `${check} of ${service} says ${expected}`, everyMs: 100, retryErrors: true });
}

async function create<T extends Resource = Resource>(
  app: TestApp,
  path: string,
  body: object,
  headers = {},
): Promise<T> {
  const made = await sendJson<T>("POST", app.url(path), body, headers);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

async function kill(app: TestApp, service: string): Promise<void> {
  const [instance] = await app.instances(service);
  if (instance?.pid) kill9(instance.pid);
}

test("Redis: reads are cached, a write is seen at once, and without Redis it goes on", async (t) => {
  const found = findRedis();
  if ("missing" in found) return t.skip(found.missing);
  const redis = await startRedis(t, found.path);
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
  assert.equal((await readiness(app, "user-service")).status, 200);
  await redis.start();
  await checkSays(app, "user-service", "redis", /ok/);
});

test("PostgreSQL: the repository is in it, and readiness follows it", async (t) => {
  const found = findPostgres();
  if ("missing" in found) return t.skip(found.missing);
  const postgres = await startPostgres(found.folder);
  t.after(() => postgres.close());
  const app = await createdApp(t, [users], { DATABASE_URL: postgres.createDatabase() });
  await app.up();
  const user = await create(app, "/users", { name: "Ada" });
  const other = await create(app, "/users", { name: "Grace" });
  assert.equal((await sendJson("PATCH", app.url(`/users/${user.id}`), { name: "Ada L" })).status, 200);
  assert.equal((await sendJson("DELETE", app.url(`/users/${other.id}`))).status, 204);
  await kill(app, "user-service");
  await app.ready("user-service", 1);
  const { body } = await sendJson<{ items: Resource[] }>("GET", app.url("/users"));
  assert.deepEqual(
    body.items.map(({ id, name }) => [id, name]),
    [[user.id, "Ada L"]],
  );
  await postgres.close();
  const unready = async (): Promise<boolean> => (await readiness(app, "user-service")).status === 503;
  await eventually(unready, { what: "readiness fails without the database", everyMs: 100, retryErrors: true });
});

test("Kafka: no order fails while the broker is away, and kill -9 between commit and publish loses no event", async (t) => {
  const found = await findKafka();
  if ("missing" in found) return t.skip(found.missing);
  const kafka = await createKafka(t, found.path, { running: false });
  const app = await createdApp(t, [users, payments, orders], { KAFKA_BROKERS: kafka.brokers });
  await app.up();
  const customer = await create(app, "/users", { name: "Ada" });
  const placed = new Set<string>();
  const place = async (name: string): Promise<void> => {
    placed.add((await create(app, "/orders", { name, user_id: customer.id, amount: 1250, currency: "eur" })).id);
  };
  for (let n = 0; n < 20; n++) await place(`away-${n}`);
  await kill(app, "order-service");
  await app.ready("order-service", 1);
  await kafka.start();
  for (let round = 0; round < 2; round++) {
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

test("Stripe: an order that is tried again under one Idempotency-Key pays once", async (t) => {
  const found = await findStripeMock();
  if ("missing" in found) return t.skip(found.missing);
  const stripe = await createStripeMock(t, found.path);
  const variables = { STRIPE_API_KEY: "sk_test_123", STRIPE_API_BASE: stripe.url };
  const app = await createdApp(t, [users, payments, orders], variables);
  await app.up();
  const user = await create(app, "/users", { name: "Ada" });
  const order = { name: "books", user_id: user.id, amount: 1250, currency: "eur" };
  const once = { "idempotency-key": "order-1" };
  const place = () => sendJson<Order>("POST", app.url("/orders"), order, once);
  const paymentsMade = async (): Promise<number> =>
    (await sendJson<{ total: number }>("GET", app.url("/payments"))).body.total;

  // The provider is away: the order fails, nothing is kept, and the same attempt may be made again.
  const failed = await place();
  assert.deepEqual([failed.status, await paymentsMade()], [503, 0], JSON.stringify(failed.body));
  await stripe.start();
  const together = await Promise.all([place(), place()]);
  const placed = together.filter(({ status }) => status === 201);
  assert.ok(placed.length > 0, JSON.stringify(together));
  const again = await create<Order>(app, "/orders", order, once);
  for (const { body } of placed) assert.deepEqual(body, again);
  assert.equal(await paymentsMade(), 1);
  const payment = await sendJson<Payment>("GET", app.url(`/payments/${again.payment_id}`));
  assert.match(payment.body.provider_reference ?? "", /^pi_/);
  assert.notEqual(payment.body.status, "awaiting_provider");
  await checkSays(app, "payment-service", "stripe", /ok/);

  // The key is for one request; another key is another payment.
  assert.equal((await sendJson("POST", app.url("/orders"), { ...order, amount: 1 }, once)).status, 422);
  const other = await create<Order>(app, "/orders", order, { "idempotency-key": "order-2" });
  assert.notEqual(other.payment_id, again.payment_id);
  assert.equal(await paymentsMade(), 2);
});

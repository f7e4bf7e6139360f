// The example that the README starts with, as a newcomer runs it: everything works, nothing is left, and it says so.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { runCommand } from "../support/command.js";
import { createKafka, findKafka } from "../support/kafka.js";
import { findPostgres, startPostgres } from "../support/postgres-server.js";
import { findRedis, startRedis } from "../support/redis.js";
import { findStripeMock, startStripeMock } from "../support/stripe-mock.js";

const example = fileURLToPath(new URL("../../examples/complete-microservices-system.js", import.meta.url));
/** None of the machine's own servers. */
const absent = { DATABASE_URL: undefined, REDIS_URL: undefined, KAFKA_BROKERS: undefined, STRIPE_API_KEY: undefined };

function runDemo(t: TestContext, args: readonly string[], servers: Readonly<Record<string, string>> = {}) {
  const temporary = mkdtempSync(join(tmpdir(), "tusk-demo-test-"));
  t.after(() => rmSync(temporary, { recursive: true, force: true }));
  const env = { ...process.env, ...absent, ...servers, TMPDIR: temporary };
  const finished = runCommand([process.execPath, example, ...args], { cwd: temporary, env });
  return { temporary, finished };
}

test("the demo creates, runs, measures and stops three services", async (t) => {
  const { temporary, finished } = runDemo(t, ["--seconds", "2"]);
  const { code, stdout, stderr } = await finished;
  assert.equal(code, 0, stdout + stderr);
  for (const service of ["user-service", "order-service", "payment-service"]) {
    assert.match(stdout, new RegExp(`^${service} +1 +passing +\\d+ .* 0 +[\\d.]+ +\\d+$`, "m"));
  }
  assert.match(stdout, /101 of 101 requests .* 20 orders, their payments: 20 awaiting_provider/);
  // Folders alone: of the app nothing, of its sockets the place where a user's apps have them.
  const files = readdirSync(temporary, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  assert.deepEqual([files, readdirSync(temporary).filter((name) => name.startsWith("tusk-demo"))], [[], []]);
});

test("the demo uses PostgreSQL, Redis, Kafka and Stripe where they are configured", async (t) => {
  const tools = [findPostgres(), findRedis(), await findKafka(), await findStripeMock()] as const;
  const missing = tools.flatMap((tool) => ("missing" in tool ? [tool.missing] : []));
  const [postgres, redis, kafka, stripe] = tools;
  if ("missing" in postgres || "missing" in redis || "missing" in kafka || "missing" in stripe) {
    return t.skip(missing.join("; "));
  }
  const database = await startPostgres(postgres.folder);
  t.after(() => database.close());
  const cache = await startRedis(t, redis.path);
  const broker = await createKafka(t, kafka.path);
  const url = database.createDatabase();
  const { finished } = runDemo(t, ["--seconds", "2"], {
    DATABASE_URL: url,
    REDIS_URL: cache.url,
    KAFKA_BROKERS: broker.brokers,
    STRIPE_API_KEY: "sk_test_123",
    STRIPE_API_BASE: await startStripeMock(t, stripe.path),
  });
  const { code, stdout, stderr } = await finished;
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /20 orders, their payments: 20 requires_payment_method/);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ id: string }>("SELECT id FROM orders").finally(() => client.end());
  assert.equal(rows.length, 20);
  assert.match(await cache.ask("DBSIZE"), /^:[1-9]/);
  const logged = broker.logged();
  assert.ok(rows.every(({ id }) => logged.includes(id)));
});

test("with --keep the system stays up until Ctrl-C, which is no failure", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tusk-demo-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const args = [example, "--keep", "--seconds", "1", "--folder", folder];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...absent },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  let printed = "";
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("Ctrl-C stops it")) resolve();
    });
    child.once("exit", () => resolve());
  });
  const url = /up at (\S+);/.exec(printed)?.[1];
  assert.equal((await fetch(`${url}/users`)).status, 200);
  child.kill("SIGINT");
  assert.deepEqual(await ended, [0, null]);
  await assert.rejects(fetch(`${url}/users`));
});

test("the demo fails, says why and keeps what it made, when a part of it does", async (t) => {
  const folder = join(mkdtempSync(join(tmpdir(), "tusk-demo-test-")), "app");
  t.after(() => rmSync(join(folder, ".."), { recursive: true, force: true }));
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const { finished } = runDemo(t, ["--seconds", "1", "--folder", folder, "--port", String(port)]);
  const { code, stderr } = await finished;
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
  assert.match(stderr, /what was made, and the logs, are in/);
  assert.ok(existsSync(folder));
});

test("the demo refuses options that it does not know", async (t) => {
  const { code, stdout } = await runDemo(t, ["--nonsense"]).finished;
  assert.equal(code, 2);
  assert.match(stdout, /--keep/);
});

// `tusk create`, then `tusk up`: what is generated runs, is routed, calls its callees, and belongs to the user from then
// on. No backing service runs here: without them everything that does not need them works.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isReady } from "../support/app.js";
import {
  type CreateReport,
  createArguments,
  createdApp,
  orders,
  payments,
  readiness,
  users,
} from "../support/created-app.js";
import { type JsonAnswer, sendJson } from "../support/send-json.js";

interface Resource {
  readonly id: string;
  readonly name: string;
}

interface Order extends Resource {
  readonly payment_id: string;
}

interface Payment {
  readonly status: string;
  readonly amount: number;
  readonly reference: string;
  readonly provider_reference: string | null;
}

const nobody = "00000000-0000-4000-8000-000000000000";

test("created services run, and the files are the user's", async (t) => {
  const app = await createdApp(t, [users, payments, orders]);
  const folder = join(app.folder, "services/user-service");

  await t.test("a second creation writes nothing, and never over an edit", async () => {
    const again = await app.json<CreateReport>(...createArguments(users), "--add");
    assert.deepEqual([again.written, again.kept, again.addedTo], [[], [], null]);
    assert.equal(again.environment?.reused, true);
    app.write("services/user-service/README.md", "mine\n");
    const forced = await app.json<CreateReport>(...createArguments(users), "--force");
    assert.deepEqual([forced.written, forced.kept], [[], ["README.md"]]);
    assert.equal(readFileSync(join(folder, "README.md"), "utf8"), "mine\n");
  });

  await t.test("what cannot be created is refused with a hint, and nothing is made", async () => {
    for (const [args, expected] of [
      [["create", "../evil"], /DNS label/],
      [["create", "a", "--dep", "sqlalchmy"], /did you mean/],
      [["create", "a", "--language", "cobol"], /no template/],
    ] as const) {
      const { code, stderr } = await app.tusk(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
    }
    assert.ok(!existsSync(join(app.folder, "services/a")) && !existsSync(join(app.folder, "evil")));
  });

  await t.test(
    "services that call each other are created one by one; until the last the spec is not valid",
    async () => {
      const before = readFileSync(join(app.folder, "tusk.yaml"), "utf8");
      const add = (...args: string[]) => app.run("create", ...args, "--no-install", "--add");
      const { stdout, stderr } = await add("early-service", "--calls", "user-service,late-service");
      assert.match(stderr, /not in the spec yet: late-service;/);
      assert.match(stdout, /create late-service too, then/);
      assert.equal((await app.tusk("validate")).code, 2);
      assert.doesNotMatch((await add("late-service", "--calls", "early-service")).stderr, /not in the spec/);
      assert.equal((await app.tusk("validate")).code, 0);
      app.write("tusk.yaml", before);
    },
  );

  const status = await app.up();
  assert.ok(status.services.flatMap(({ instances }) => instances).every(isReady));

  await t.test("create, read, list, update, delete through the gateway", async () => {
    const made = await sendJson<Resource>("POST", app.url("/users"), { name: "Ada" });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const one = app.url(`/users/${made.body.id}`);
    assert.equal((await sendJson<Resource>("GET", one)).body.name, "Ada");
    assert.equal((await sendJson("GET", app.url("/users"))).status, 200);
    assert.equal((await sendJson("POST", app.url("/users"), { name: "Ada", unknown: 1 })).status, 422);
    assert.equal((await sendJson<Resource>("PATCH", one, { name: "Ada L" })).body.name, "Ada L");
    assert.equal((await sendJson("DELETE", one)).status, 204);
    const gone = await fetch(one);
    assert.equal(gone.status, 404);
    assert.match(gone.headers.get("content-type") ?? "", /application\/problem\+json/);
  });

  const paid = async (): Promise<number> => (await sendJson<{ total: number }>("GET", app.url("/payments"))).body.total;

  await t.test("an order is checked with one callee and paid at the other, both through the mesh", async () => {
    const { body: user } = await sendJson<Resource>("POST", app.url("/users"), { name: "Grace" });
    const order = { name: "books", user_id: user.id, amount: 1999, currency: "eur" };
    const place = (change = {}, headers = {}): Promise<JsonAnswer<Order>> =>
      sendJson<Order>("POST", app.url("/orders"), { ...order, ...change }, headers);

    const placed = await place();
    assert.equal(placed.status, 201, JSON.stringify(placed.body));
    const payment = await sendJson<Payment>("GET", app.url(`/payments/${placed.body.payment_id}`));
    const { status, amount, reference, provider_reference } = payment.body;
    assert.deepEqual([status, amount, provider_reference], ["awaiting_provider", 1999, null]);
    assert.equal(reference, placed.body.id);

    const before = await paid();
    const key = { "idempotency-key": "one attempt" };
    const answers = [await place({}, key), await place({}, key)];
    assert.deepEqual(answers[1], answers[0]);
    assert.equal(await paid(), before + 1);

    const orphan = await place({ user_id: nobody });
    assert.equal(orphan.status, 422, JSON.stringify(orphan.body));
    assert.equal((await place({ amount: 0 })).status, 422);
    assert.equal(await paid(), before + 1, "what is refused is not paid");
  });

  await t.test("absent backing services are told, and the services are ready without them", async () => {
    const expected = {
      "user-service": { database: "ok", redis: "not configured" },
      "order-service": { database: "ok", kafka: "not configured" },
      "payment-service": { database: "ok", redis: "not configured", stripe: "not configured" },
    };
    for (const [service, checks] of Object.entries(expected)) {
      const ready = await readiness(app, service);
      assert.deepEqual([ready.status, ready.body.status, ready.body.checks], [200, "ok", checks]);
    }
  });

  await t.test("what is logged is JSON with the trace", async () => {
    const { stdout } = await app.run("logs", "user-service");
    assert.match(stdout, /"traceId": "[0-9a-f]{32}"/);
  });

  await app.down();
  await app.assertNothingLeft();
});

// The first thing a newcomer does: two programs that know nothing of Tusk, one file, `tusk up`. Routed, balanced,
// connected through USERS_URL, explained; and a second app beside it that does not notice when the first goes down.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp, isReady, type TestApp } from "../support/app.js";

interface UsersAnswer {
  readonly service: string;
  readonly pid: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface OrdersAnswer {
  readonly service: string;
  readonly users: UsersAnswer;
}

async function answer<T>(app: TestApp, path: string): Promise<T> {
  const { status, text } = await app.get(path);
  assert.equal(status, 200, `${path}: ${status} ${text}`);
  return JSON.parse(text) as T;
}

test("two programs: up, routed, balanced, connected, and a neighbour undisturbed", async (t) => {
  const app = await createApp(t);
  const neighbour = await createApp(t);
  const status = await app.up();

  await t.test("ps shows every instance passing, with pid, port and reason", () => {
    const counts = status.services.map(({ name, instances }) => [name, instances.length]).sort();
    assert.deepEqual(counts, [
      ["orders", 1],
      ["users", 2],
    ]);
    for (const instance of status.services.flatMap(({ instances }) => instances)) {
      assert.ok(isReady(instance), `${instance.id}: ${instance.health} ${instance.reason}`);
      assert.ok(instance.reason.length > 0 && instance.port !== null && instance.startedAt !== null);
      assert.equal(instance.restarts, 0);
    }
    assert.deepEqual(
      status.gateway.map(({ url }) => url),
      [`http://127.0.0.1:${app.gatewayPort}`],
    );
    assert.match(status.controller.url, /^http:\/\/127\.0\.0\.1:\d+/);
  });

  await t.test("a route strips nothing, and the path below it belongs to it", async () => {
    assert.equal((await answer<UsersAnswer>(app, "/users/7?full=1")).path, "/users/7");
    const nothing = await app.get("/nowhere");
    assert.equal(nothing.status, 404);
    assert.match(String(nothing.headers["content-type"]), /application\/problem\+json/);
    assert.equal((await app.get("/userships")).status, 404);
  });

  await t.test("both replicas take part", async () => {
    const served = new Set<number>();
    for (let n = 0; n < 40; n++) served.add((await answer<UsersAnswer>(app, "/users")).pid);
    assert.equal(served.size, 2);
  });

  await t.test("orders reaches users through USERS_URL, with a trace", async () => {
    const { users } = await answer<OrdersAnswer>(app, "/orders/1");
    assert.equal(users.service, "users");
    assert.match(users.headers.traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
  });

  await t.test("what happens is explained", async () => {
    const { routes } = await app.routes();
    assert.ok(routes.some(({ kind, match }) => kind === "gateway" && match.includes("/users")));
    assert.ok(routes.some(({ kind }) => kind === "edge"));
    const request = (await app.run("explain", "GET", "/users")).stdout;
    assert.match(request, /users/);
    assert.match((await app.run("explain", "users")).stdout, /users-1/);
    assert.match((await app.run("events", "--json")).stdout, /"instance\./);
    assert.match((await app.run("logs", "users")).stdout, /users listens on/);
    assert.match((await app.run("health", "--json")).stdout, /users-1/);
  });

  await t.test("a second app with another gateway port does not notice that the first goes down", async () => {
    const before = await neighbour.up();
    const pids = before.services.flatMap(({ instances }) => instances.map(({ pid }) => pid));
    await app.down();
    await app.assertNothingLeft();
    const after = await neighbour.ps();
    assert.deepEqual(
      after.services.flatMap(({ instances }) => instances.map(({ pid }) => pid)),
      pids,
    );
    assert.equal((await answer<OrdersAnswer>(neighbour, "/orders")).users.service, "users");
    await neighbour.down();
    await neighbour.assertNothingLeft();
  });
});

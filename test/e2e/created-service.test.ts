// `tusk create`, then `tusk up`: what is generated runs, is routed, calls its callees, and belongs to the user from then
// on. No backing service runs here: without them everything that does not need them works.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ensurePythonEnvironment } from "../../src/services/python-environment.js";
import { isReady } from "../support/app.js";
import { runCommand } from "../support/command.js";
import { type CreatedService, type CreateReport, createArguments, createdApp } from "../support/created-app.js";
import { sendJson } from "../support/send-json.js";

const users: CreatedService = { name: "user-service", dependencies: [] };
const orders: CreatedService = { name: "order-service", dependencies: [], calls: ["user-service"] };

interface Resource {
  readonly id: string;
  readonly name: string;
}

test("created services run, and the files are the user's", async (t) => {
  const app = await createdApp(t, [users, orders]);
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

  const status = await app.up();
  assert.ok(status.services.flatMap(({ instances }) => instances).every(isReady));

  await t.test("create, read, list, update, delete through the gateway", async () => {
    const made = await sendJson<Resource>("POST", app.url("/users"), { name: "Ada" });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const one = app.url(`/users/${made.body.id}`);
    assert.equal((await sendJson<Resource>("GET", one)).body.name, "Ada");
    assert.equal((await sendJson("GET", app.url("/users"))).status, 200);
    assert.equal((await sendJson("POST", app.url("/users"), { name: "Ada", unknown: 1 })).status, 422);
    assert.equal((await sendJson("DELETE", one)).status, 204);
    const gone = await fetch(one);
    assert.equal(gone.status, 404);
    assert.match(gone.headers.get("content-type") ?? "", /application\/problem\+json/);
  });

  await t.test("an order is checked with its callee, which is reached through the mesh", async () => {
    const { body: user } = await sendJson<Resource>("POST", app.url("/users"), { name: "Grace" });
    const placed = await sendJson<Resource>("POST", app.url("/orders"), { name: "books", user_id: user.id });
    assert.equal(placed.status, 201, JSON.stringify(placed.body));
    const nobody = { name: "books", user_id: "00000000-0000-4000-8000-000000000000" };
    const orphan = await sendJson("POST", app.url("/orders"), nobody);
    assert.equal(orphan.status, 422, JSON.stringify(orphan.body));
  });

  await t.test("probes answer, and what is logged is JSON with the trace", async () => {
    const [instance] = await app.instances("user-service");
    const ready = await sendJson<{ status: string }>("GET", `http://127.0.0.1:${instance?.port}/readyz`);
    assert.deepEqual([ready.status, ready.body.status], [200, "ok"]);
    const { stdout } = await app.run("logs", "user-service");
    assert.match(stdout, /"traceId": "[0-9a-f]{32}"/);
  });

  await t.test("the unit tests of the generated folder pass", async () => {
    const { python } = await ensurePythonEnvironment(join(folder, "requirements-dev.txt"));
    const options = { cwd: folder, env: process.env };
    const tested = await runCommand([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], options);
    assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  });

  await app.down();
  await app.assertNothingLeft();
});

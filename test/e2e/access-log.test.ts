// The access log of a running system, switched on by an edit, and the answer to "what became of this request?".
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApp, shopSpec } from "../support/app.js";
import { eventually } from "../support/eventually.js";

const logged = (port: number): string =>
  shopSpec(port).replace(/gateway: .*/, `gateway: { port: ${port}, workers: 2, accessLog: true }`);

interface Line {
  readonly caller: string;
  readonly callee: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string;
  readonly traceId: string;
  readonly endpoint: string;
}

interface Recorded {
  readonly caller: string;
  readonly status: number;
  readonly attempts: readonly { readonly outcome: string }[];
  readonly refusal: { readonly code: string } | null;
}

test("the access log is off, can be switched on, and a request is found by its ids", async (t) => {
  const app = await createApp(t);
  await app.up();
  await app.get("/users");
  assert.deepEqual(await app.json("logs", "--access"), []);
  app.write("tusk.yaml", logged(app.gatewayPort));
  await eventually(async () => (await app.pids("worker")).length === 2, { what: "two workers", timeoutMs: 20_000 });
  const answer = await app.get("/orders?token=secret");
  assert.equal(answer.status, 200);
  const ofRequest = async (): Promise<Line[] | null> => {
    const lines = await app.json<Line[]>("logs", "--access", "-n", "all");
    const wanted = ["gateway", "orders"];
    return wanted.every((name) => lines.some(({ caller }) => caller === name)) ? lines : null;
  };
  const lines = await eventually(ofRequest, { what: "the request and the call behind it are in the log" });
  const hops = lines.map(({ caller, callee, status }) => `${caller} ${callee} ${status}`);
  assert.ok(hops.includes("gateway orders 200"), hops.join("; "));
  assert.ok(hops.includes("orders users 200"), hops.join("; "));
  assert.ok(!JSON.stringify(lines).includes("secret"));
  const outer = lines.find(({ caller }) => caller === "gateway");
  assert.ok(outer);
  const [byRequest] = await app.json<Recorded[]>("explain", outer.requestId);
  assert.equal(byRequest?.attempts[0]?.outcome, "answered 200");
  const byTrace = await app.json<Recorded[]>("explain", outer.traceId);
  assert.deepEqual(
    byTrace.map(({ caller }) => caller),
    ["gateway"],
  );
  const refused = await app.get("/nowhere");
  const { requestId } = JSON.parse(refused.text) as { requestId: string };
  const [why] = await app.json<Recorded[]>("explain", requestId);
  assert.equal(why?.refusal?.code, "ROUTE_NOT_FOUND");
  const { stdout } = await app.run("explain", requestId);
  assert.match(stdout, /404 ROUTE_NOT_FOUND/);
  const unknown = await app.tusk("explain", "00000000-0000-7000-8000-000000000000");
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no proxy worker knows/);
  await app.down();
  await app.assertNothingLeft();
});

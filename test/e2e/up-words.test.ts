// What `tusk up` says: how long was really waited for a failed build, where its output is, that an app runs already, and
// what is not built yet only where it is news.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceExplanation } from "../../src/control/control-plane.js";
import { createApp } from "../support/app.js";

const broken = (port: number): string => `name: shop
services:
  - { name: bs, path: ./users, build: "echo cannot build; exit 3", run: node server.js }
gateway: { port: ${port} }
`;

test("a build that fails: waiting ends at once, no port is made up, the log with its output is named", async (t) => {
  const app = await createApp(t, { spec: broken });
  const { code, stderr } = await app.tusk("up", "-d", "--wait", "--timeout", "60s");
  assert.equal(code, 4, stderr);
  assert.match(stderr, /waiting ended after .*: what failed does not start again by itself/);
  assert.doesNotMatch(stderr, /within/);
  const [instance] = await app.instances("bs");
  assert.equal(instance?.port, null);
  const { instances } = await app.json<ServiceExplanation>("explain", "bs");
  assert.match(instances[0]?.logFile ?? "", /\/bs\.setup\.log$/);
  assert.match((await app.run("logs", "bs")).stdout, /cannot build/);
  await app.down();
  await app.assertNothingLeft();
});

test("up again on what runs says so, and what is not built yet is said once", async (t) => {
  const app = await createApp(t);
  const first = await app.run("up", "-d", "--wait");
  assert.match(first.stderr, /not built yet: gRPC/);
  const second = await app.run("up", "-d");
  assert.match(second.stdout, /shop runs already: 3 of 3 instances ready/);
  assert.doesNotMatch(second.stderr, /not built yet/);
  await app.down();
  const later = await app.run("up", "-d");
  assert.match(later.stdout, /shop is starting/);
  assert.doesNotMatch(later.stderr, /not built yet/);
  await app.down();
  await app.assertNothingLeft();
});

test("a setting that is not built and was set by somebody is named at every start", async (t) => {
  const app = await createApp(t, {
    spec: (port) => `name: a\nservices: []\nsettings: { GRPC_ENABLED: true }\ngateway: { port: ${port} }\n`,
  });
  await app.run("up", "-d");
  await app.down();
  const { stderr } = await app.run("up", "-d");
  assert.match(stderr, /not built yet: gRPC on listeners \(GRPC_ENABLED\)\n/);
  await app.down();
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { instanceStatus } from "../../test/doubles/control-plane.js";
import type { ApplyResult, SystemStatus } from "../control/control-plane.js";
import { renderUp } from "./render-up.js";
import { createStyle } from "./style.js";

const instances = [instanceStatus("users-1"), instanceStatus("users-2", { ready: false })];
const status: SystemStatus = {
  app: "shop",
  services: [{ name: "users", revision: 1, replicas: 2, ready: 1, instances }],
  gateway: [{ url: "http://127.0.0.1:8080", listener: "default" }],
  controller: { pid: 1, url: "" },
};
const nothing: ApplyResult = { changes: [], replaced: [], warnings: [] };
const changed: ApplyResult = {
  ...nothing,
  changes: [{ path: "services.users", before: undefined, after: {}, text: "users is added" }],
};

const told = (applied: ApplyResult | null, waited: boolean): string =>
  renderUp({ status, applied, waited, tookMs: 2000 }, createStyle(false));

test("what up has come to: started, changed, or nothing to do", () => {
  assert.equal(told(null, false), "✔ shop is starting: 2 instances after 2s  gateway http://127.0.0.1:8080");
  assert.match(told(null, true), /shop is up: 2 instances ready after 2s/);
  assert.match(told(nothing, false), /shop runs already: 1 of 2 instances ready {2}gateway/);
  assert.match(told(nothing, true), /shop runs already/);
  assert.match(told(changed, false), /shop is changing: 1 of 2 instances ready after/);
  assert.match(told(changed, true), /shop is up/);
  assert.match(told({ ...nothing, replaced: ["users"] }, false), /shop is changing/);
});

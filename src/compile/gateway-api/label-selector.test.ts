import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabelSelector } from "../../model/kubernetes/object-schemas.js";
import { selects } from "./label-selector.js";

const labels = { team: "shop", stage: "live" };
const cases: [name: string, selector: LabelSelector | undefined, selected: boolean][] = [
  ["none selects nothing", undefined, false],
  ["an empty one selects everything", {}, true],
  ["a label", { matchLabels: { team: "shop" } }, true],
  ["one label of two", { matchLabels: { team: "shop", stage: "test" } }, false],
  ["what is inherited is no label", { matchLabels: { constructor: "x" } }, false],
  ["In", { matchExpressions: [{ key: "team", operator: "In", values: ["shop", "pay"] }] }, true],
  ["In without the label", { matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }, false],
  ["NotIn", { matchExpressions: [{ key: "team", operator: "NotIn", values: ["shop"] }] }, false],
  ["NotIn without the label", { matchExpressions: [{ key: "zone", operator: "NotIn", values: ["a"] }] }, true],
  ["Exists", { matchExpressions: [{ key: "stage", operator: "Exists" }] }, true],
  ["DoesNotExist", { matchExpressions: [{ key: "stage", operator: "DoesNotExist" }] }, false],
];

for (const [name, selector, selected] of cases) {
  test(`label selector: ${name}`, () => assert.equal(selects(selector, labels), selected));
}

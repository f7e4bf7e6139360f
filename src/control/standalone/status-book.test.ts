import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRouteObject } from "../../model/kubernetes/object-schemas.js";
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";
import { emptyBook, turnPage } from "./status-book.js";

const route = (hostname: string, generation?: number): LoadedObject<"HTTPRoute"> => ({
  object: {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "a", ...(generation === undefined ? {} : { generation }) },
    spec: { hostnames: [hostname] },
  } satisfies HttpRouteObject,
  file: "a.yaml",
  lineOf: () => 1,
});

const condition = (status: "True" | "False") => ({ type: "Accepted", status, reason: "Accepted", message: "" });

test("a generation counts the changes of a spec whose file gives none", () => {
  const first = turnPage(emptyBook, 0);
  assert.equal(first.context.generationOf(route("a")), 1);
  const same = turnPage(first.book, 0);
  assert.equal(same.context.generationOf(route("a")), 1);
  const changed = turnPage(same.book, 0);
  assert.equal(changed.context.generationOf(route("b")), 2);
  assert.equal(turnPage(changed.book, 0).context.generationOf(route("b", 7)), 7);
});

test("a condition keeps the time at which it got its status", () => {
  const first = turnPage(emptyBook, 1_000);
  assert.equal(first.context.timeOf("HTTPRoute a 0", condition("True")), "1970-01-01T00:00:01Z");
  const second = turnPage(first.book, 2_000);
  assert.equal(second.context.timeOf("HTTPRoute a 0", condition("True")), "1970-01-01T00:00:01Z");
  const third = turnPage(second.book, 3_000);
  assert.equal(third.context.timeOf("HTTPRoute a 0", condition("False")), "1970-01-01T00:00:03Z");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteEntry } from "../plan/proxy-plan.js";
import { actionTo } from "./proxy-fixture.test.js";
import { whyFirst } from "./route-order.js";

function entry(more: Partial<RouteEntry>): RouteEntry {
  const path = { type: "PathPrefix", value: "/a" } as const;
  return { route: "r", hostnames: [], path, headers: [], queryParams: [], action: actionTo("a"), ...more };
}

test("the first rule that tells two routes apart", () => {
  const field = { name: "x", value: "1" };
  const cases: readonly (readonly [Partial<RouteEntry>, Partial<RouteEntry>, RegExp])[] = [
    [{ hostnames: ["a.example"] }, { hostnames: ["*.example"] }, /hostname a\.example is more specific/],
    [{ hostnames: ["*.b.example"] }, { hostnames: ["*.example"] }, /more specific/],
    [{ hostnames: ["*.example"] }, {}, /more specific/],
    [{ path: { type: "Exact", value: "/a" } }, { path: { type: "PathPrefix", value: "/a" } }, /path is exact/],
    [{ path: { type: "RegularExpression", value: "/." } }, {}, /regular expression/],
    [{ path: { type: "PathPrefix", value: "/a/b" } }, {}, /\/a\/b is longer than \/a/],
    [{ method: "GET" }, {}, /names the method/],
    [{ headers: [field] }, {}, /more headers, 1 to 0/],
    [{ queryParams: [field, field] }, { queryParams: [field] }, /more query parameters, 2 to 1/],
    [{}, {}, /written first/],
  ];
  for (const [first, second, reason] of cases) assert.match(whyFirst(entry(first), entry(second)), reason);
});

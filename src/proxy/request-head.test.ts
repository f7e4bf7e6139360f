import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type RequestHead, readRequestHead } from "./request-head.js";

function read(target: string, headers: readonly string[] = ["Host", "a"]): RequestHead | string {
  const result = readRequestHead("GET", target, headers);
  return result.ok ? result.head : result.refusal.code;
}

describe("the head of a request", () => {
  const good: { target: string; host: string; hostname: string; path: string; query: string }[] = [
    { target: "/x?y=1?2", host: "Shop.Example:8080", hostname: "shop.example", path: "/x", query: "y=1?2" },
    { target: "/", host: "[::1]:80", hostname: "::1", path: "/", query: "" },
    { target: "http://users/a?b", host: "users", hostname: "users", path: "/a", query: "b" },
    { target: "HTTP://users:80", host: "Users", hostname: "users", path: "/", query: "" },
    { target: "http://users?b", host: "users", hostname: "users", path: "/", query: "b" },
    { target: "//evil/x", host: "a", hostname: "a", path: "//evil/x", query: "" },
  ];
  for (const { target, host, hostname, path, query } of good) {
    it(`is read from ${target} for ${host}`, () => {
      const head = read(target, ["hOST", host]);
      assert.ok(typeof head !== "string", String(head));
      assert.deepEqual([head.hostname, head.path, head.query, head.authority], [hostname, path, query, host]);
      assert.ok(head.pathAndQuery.startsWith("/"));
    });
  }

  const bad: { target: string; headers: string[]; code: string }[] = [
    { target: "*", headers: ["Host", "a"], code: "TARGET_INVALID" },
    { target: "https://a/", headers: ["Host", "a"], code: "TARGET_INVALID" },
    { target: "http://user@a/", headers: ["Host", "a"], code: "TARGET_INVALID" },
    { target: "/a#b", headers: ["Host", "a"], code: "TARGET_INVALID" },
    { target: "a:80", headers: ["Host", "a:80"], code: "TARGET_INVALID" },
    { target: "/", headers: [], code: "HOST_INVALID" },
    { target: "/", headers: ["Host", ""], code: "HOST_INVALID" },
    { target: "/", headers: ["Host", "a", "host", "a"], code: "HOST_INVALID" },
    { target: "/", headers: ["Host", "a/b"], code: "HOST_INVALID" },
    { target: "/", headers: ["Host", "a:99999"], code: "HOST_INVALID" },
    { target: "/", headers: ["Host", "user@a"], code: "HOST_INVALID" },
    { target: "http://a:81/", headers: ["Host", "a"], code: "HOST_INVALID" },
    { target: "http://b/", headers: ["Host", "a"], code: "HOST_INVALID" },
  ];
  for (const { target, headers, code } of bad) {
    it(`is refused with ${code} for ${target} and ${JSON.stringify(headers)}`, () =>
      assert.equal(read(target, headers), code));
  }

  it("never throws, and a path that is accepted begins with a slash", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (target, host) => {
        const head = read(target, ["host", host]);
        assert.ok(typeof head === "string" || head.pathAndQuery.startsWith("/"));
      }),
    );
  });
});

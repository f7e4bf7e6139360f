import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ForwardContext, forwardAnswerHeaders, forwardRequestHeaders } from "./forward-headers.js";
import { headerValue, headerValues, readRequestHead } from "./request-head.js";
import { newTraceparent, traceIdOf } from "./trace-context.js";

const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const outside: ForwardContext = { trusted: false, peerAddress: "10.0.0.9", rng: () => 0.5, newRequestId: () => "new" };
const inside: ForwardContext = { ...outside, trusted: true };

function forward(context: ForwardContext, ...headers: string[]) {
  const read = readRequestHead("GET", "/", ["Host", "a:1", ...headers]);
  if (!read.ok) throw new Error(read.refusal.detail);
  return forwardRequestHeaders(read.head, context);
}

describe("headers on the way to a service", () => {
  it("lose what is for this hop only, and keep order, spelling and repetition of the rest", () => {
    const { headers } = forward(
      inside,
      ...["X-B", "2", "Connection", "keep-alive, X-Hop", "X-Hop", "1", "Keep-Alive", "5", "TE", "trailers"],
      ...["X-A", "1", "X-B", "3", "Upgrade", "h2c", "Proxy-Authorization", "secret", "Content-Length", "3"],
      ...["traceparent", trace],
    );
    assert.deepEqual(headers.slice(0, 10), ["Host", "a:1", "X-B", "2", "X-A", "1", "X-B", "3", "traceparent", trace]);
  });

  it("keep Host even when Connection names it", () => {
    assert.equal(headerValue(forward(inside, "Connection", "Host").headers, "host"), "a:1");
  });

  it("say who asked: outside claims are dropped, inside ones continued", () => {
    const claims = ["X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "shop"];
    const fromOutside = forward(outside, ...claims).headers;
    const fromInside = forward(inside, ...claims).headers;
    const shown = (headers: readonly string[]) =>
      ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].map((name) => headerValues(headers, name).join("|"));
    assert.deepEqual(shown(fromOutside), ["10.0.0.9", "http", "a:1"]);
    assert.deepEqual(shown(fromInside), ["6.6.6.6, 10.0.0.9", "https", "shop"]);
  });

  it("continue a valid trace and replace an invalid one with its state", () => {
    const kept = forward(inside, "traceparent", trace, "tracestate", "a=1");
    assert.equal(kept.traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.equal(headerValue(kept.headers, "tracestate"), "a=1");
    const replaced = forward(inside, "traceparent", "nonsense", "tracestate", "a=1");
    assert.equal(headerValue(replaced.headers, "tracestate"), undefined);
    assert.equal(traceIdOf(headerValue(replaced.headers, "traceparent") ?? ""), replaced.traceId);
  });

  it("have a request id from outside on, which is not invented between services", () => {
    assert.equal(forward(outside).requestId, "new");
    assert.equal(forward(outside, "X-Request-ID", "mine").requestId, "mine");
    assert.equal(forward(outside, "X-Request-ID", "x".repeat(129)).requestId, "new");
    assert.equal(forward(outside, "X-Request-ID", "two words").requestId, "new");
    assert.equal(forward(inside).requestId, undefined);
    assert.deepEqual(headerValues(forward(inside, "X-Request-ID", "mine").headers, "x-request-id"), ["mine"]);
  });
});

describe("headers on the way back", () => {
  it("lose what is for this hop only, and say the request's id once", () => {
    const answer = [
      "Set-Cookie",
      "a",
      "Connection",
      "x-hop",
      "X-Hop",
      "1",
      "Transfer-Encoding",
      "chunked",
      "Set-Cookie",
      "b",
    ];
    assert.deepEqual(forwardAnswerHeaders(answer, { status: 200, requestId: "id" }), [
      ...["Set-Cookie", "a", "Set-Cookie", "b", "x-request-id", "id"],
    ]);
    const own = ["X-Request-Id", "theirs"];
    assert.deepEqual(forwardAnswerHeaders(own, { status: 200, requestId: "id" }), own);
  });

  it("have no length where there can be no body", () => {
    assert.deepEqual(forwardAnswerHeaders(["Content-Length", "0"], { status: 204, requestId: undefined }), []);
  });
});

describe("a traceparent", () => {
  const cases: [string, boolean][] = [
    [trace, true],
    [trace.replace("00-", "cc-"), true],
    [`${trace.replace("00-", "cc-")}-more`, true],
    [`${trace}-more`, false],
    [trace.replace("00-", "ff-"), false],
    [trace.toUpperCase(), false],
    ["00-00000000000000000000000000000000-b7ad6b7169203331-01", false],
    ["00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false],
    ["", false],
  ];
  for (const [text, valid] of cases) {
    it(`${text || "that is empty"} is ${valid ? "" : "not "}valid`, () =>
      assert.equal(traceIdOf(text) !== null, valid));
  }

  it("that is new is valid for any random numbers", () => {
    for (const random of [0, 0.5, 1 - Number.EPSILON]) {
      const made = newTraceparent(() => random);
      assert.equal(traceIdOf(made.traceparent), made.traceId);
    }
  });
});

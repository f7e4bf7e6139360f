import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { problemBody, refusal, refusalKinds, statusOf } from "./refusals.js";

const documentation = readFileSync(new URL("../../../docs/proxy-answers.md", import.meta.url), "utf8");

describe("answers of the proxy", () => {
  it("are the ones that the documentation lists, word for word", () => {
    const documented = [...documentation.matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\| (.+?) +\|$/gm)].map(
      ([, code, status, title]) => `${code} ${status} ${title}`,
    );
    const known = Object.entries(refusalKinds).map(([code, { status, title }]) => `${code} ${status} ${title}`);
    assert.deepEqual(documented, known);
  });

  it("carry the code, the sentence, and the ids that are known", () => {
    const text = problemBody(refusal("NO_ENDPOINT", "why"), { traceId: "t" });
    assert.deepEqual(JSON.parse(text), {
      type: "urn:tusk:proxy:no-endpoint",
      title: refusalKinds.NO_ENDPOINT.title,
      status: 503,
      code: "NO_ENDPOINT",
      detail: "why",
      traceId: "t",
    });
    assert.equal(statusOf(refusal("NO_ENDPOINT", "why")), 503);
    assert.equal(statusOf({ ...refusal("FAULT_INJECTED", "why"), status: 429 }), 429);
  });
});

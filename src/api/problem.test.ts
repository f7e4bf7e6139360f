import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, errorCodes, TuskError } from "../base/errors.js";
import { fromProblem, toProblem } from "./problem.js";

test("every code travels and comes back with what it carried", () => {
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    if (code === "INTERNAL") continue;
    const problems = [{ path: "services[0]", message: "wrong", file: "tusk.yaml", line: 3, column: 5 }];
    const sent = new TuskError(code, `about ${code}`, { hint: "do this", details: { port: 1 }, problems });
    const document = toProblem(sent);
    assert.equal(document.status, errorCodes[code].status);
    const received = fromProblem(document.status, JSON.stringify(document));
    const { message, hint, details } = received;
    assert.deepEqual([received.code, message, hint, details], [code, `about ${code}`, "do this", { port: 1 }]);
    assert.deepEqual(received.problems, problems);
  }
});

test("a defect's text does not leave the process", () => {
  for (const error of [new Error("secret path"), "secret", new TuskError("INTERNAL", "secret")]) {
    assert.doesNotMatch(JSON.stringify(toProblem(error)), /secret/);
    assert.equal(toProblem(error).status, 500);
  }
});

test("an answer that is not the API's is UNREACHABLE, whatever it says", () => {
  for (const body of ["", "<html>", "null", "[]", "1", '{"code":"toString","detail":"x"}', '{"code":"USAGE"}']) {
    assert.equal(fromProblem(502, body).code, "UNREACHABLE", body);
  }
});

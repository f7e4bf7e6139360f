import assert from "node:assert/strict";
import { test } from "node:test";
import { accessLogFields } from "../../base/access-log-fields.js";
import { FakeClock } from "../../base/fake-clock.js";
import { AccessLog } from "./access-log.js";
import { RecordedRequest } from "./recorded-request.js";

function setUp(rng: () => number = () => 0.5) {
  const lines: string[] = [];
  const log = new AccessLog({ clock: new FakeClock(), rng, append: (line) => lines.push(line) });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const requestOf = (more: Partial<RecordedRequest> = {}): RecordedRequest =>
  Object.assign(new RecordedRequest(), {
    startedAt: 1,
    listener: "gateway/main",
    method: "GET",
    target: "/a\n?token=secret",
    status: 200,
    durationMs: 1.23456,
    ...more,
  });

const all = { sample: 1, fields: accessLogFields, query: false };

test("a line has every field, in one line whatever the request holds, and no query", () => {
  const { log, lines, parsed } = setUp();
  log.write(requestOf(), all);
  assert.equal(lines[0]?.split("\n").length, 2);
  assert.ok(!lines[0]?.includes("secret"));
  assert.deepEqual(Object.keys(parsed()[0] ?? {}), [...accessLogFields]);
  assert.deepEqual(
    { ...parsed()[0], time: null },
    {
      time: null,
      listener: "gateway/main",
      route: null,
      caller: "",
      callee: null,
      endpoint: null,
      method: "GET",
      path: "/a\n",
      status: 200,
      code: null,
      attempts: 0,
      requestBytes: 0,
      responseBytes: 0,
      durationMs: 1.235,
      firstByteMs: null,
      traceId: "",
      requestId: null,
    },
  );
});

test("off: nothing; fields: those alone; query: where it is asked for", () => {
  const { log, parsed } = setUp();
  log.write(requestOf(), undefined);
  log.write(requestOf(), { ...all, fields: ["status", "path"], query: true });
  assert.deepEqual(parsed(), [{ status: 200, path: "/a\n?token=secret" }]);
});

test("a sample leaves out the share that it says, and never a failure", () => {
  let draw = 0;
  const { log, parsed } = setUp(() => draw);
  const plan = { ...all, sample: 0.25, fields: ["status"] as const };
  for (const value of [0, 0.24, 0.25, 0.9]) {
    draw = value;
    log.write(requestOf({ status: 201 }), plan);
    log.write(requestOf({ status: 502 }), plan);
  }
  const count = (status: number): number => parsed().filter((line) => line.status === status).length;
  assert.equal(count(201), 2);
  assert.equal(count(502), 4);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../base/fake-clock.js";
import type { RecordedRequest } from "./recorded-request.js";
import { RequestRecorder } from "./request-recorder.js";

function setUp(sizes: { recent: number; notable: number }) {
  const clock = new FakeClock();
  const told: string[] = [];
  const recorder = new RequestRecorder({ clock, ...sizes, onRecord: ({ requestId }) => told.push(requestId) });
  const keep = (requestId: string, more: Partial<RecordedRequest> = {}): void => {
    const record = recorder.take();
    const plain = { startedAt: clock.monotonic(), status: 200, code: "", broken: false, failed: null, durationMs: 1 };
    Object.assign(record, plain, { requestId, traceId: "trace", endpoint: "users-1", target: "/users?token=x" }, more);
    recorder.keep(record);
    clock.advance(10);
  };
  return { recorder, keep, told, ids: (id: string) => recorder.find(id).map(({ requestId }) => requestId) };
}

test("found by request id and by trace id, without the query", () => {
  const { recorder, keep, ids, told } = setUp({ recent: 4, notable: 4 });
  keep("a");
  keep("b", { status: 503 });
  const [found] = recorder.find("a");
  assert.equal(found?.path, "/users");
  assert.deepEqual(found?.attempts, [{ endpoint: "users-1", outcome: "answered 200" }]);
  assert.equal(found?.at, new Date(new FakeClock().now()).toISOString());
  assert.deepEqual(ids("trace"), ["a", "b"]);
  assert.deepEqual(ids("c"), []);
  assert.deepEqual(told, ["a", "b"]);
});

test("the last ones are kept, and those that failed or were slow for longer", () => {
  const { keep, ids } = setUp({ recent: 4, notable: 3 });
  keep("failed", { status: 502 });
  keep("slow", { durationMs: 1_000 });
  keep("retried", { failed: [{ endpoint: "users-2", outcome: "reset" }] });
  for (let number = 0; number < 20; number++) keep(`n${number}`);
  assert.deepEqual(ids("trace"), ["failed", "slow", "retried", "n16", "n17", "n18", "n19"]);
  for (const id of ["left", "cut", "refused"]) {
    keep(
      id,
      id === "left" ? { status: 0 } : id === "cut" ? { broken: true } : { code: "ROUTE_NOT_FOUND", status: 404 },
    );
  }
  assert.deepEqual(ids("trace"), ["n16", "n17", "n18", "n19", "left", "cut", "refused"]);
});

test("what became of the last attempt", () => {
  const { recorder, keep } = setUp({ recent: 4, notable: 4 });
  const outcomes = (more: Partial<RecordedRequest>): string[] => {
    const id = JSON.stringify(more);
    keep(id, more);
    return recorder.find(id).flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome));
  };
  assert.deepEqual(outcomes({ status: 0 }), ["the client left before the answer"]);
  assert.deepEqual(outcomes({ broken: true }), ["answered 200, then the connection broke"]);
  const failed = [{ endpoint: "users-2", outcome: "reset" }];
  assert.deepEqual(outcomes({ failed, code: "UPSTREAM_RESET", status: 502 }), ["reset"]);
  assert.deepEqual(outcomes({ failed }), ["reset", "answered 200"]);
});

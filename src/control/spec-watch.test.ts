import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { eventually } from "../../test/support/eventually.js";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { type Problem, TuskError } from "../base/errors.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import type { ApplyRequest, ApplyResult } from "./control-plane.js";
import { watchSpecFile } from "./spec-watch.js";

const specOf = (...names: readonly string[]): string =>
  `name: shop\nservices:\n${names.map((name) => `  - { name: ${name}, run: "true" }\n`).join("")}`;

class FakeSystem {
  desiredFile: string | null;
  environmentFiles: readonly string[] = [];
  replaced: readonly string[] = [];
  applied: string[] = [];
  problems: readonly Problem[] = [];
  failure: TuskError | null = null;
  changes: ApplyResult["changes"] = [{ path: "services.a", before: undefined, after: {}, text: "service a added" }];

  constructor(file: string | null) {
    this.desiredFile = file;
  }

  async apply({ spec, file }: ApplyRequest): Promise<ApplyResult> {
    if (this.failure) throw this.failure;
    this.applied.push(spec.services.map(({ name }) => name).join(" "));
    this.desiredFile = file ?? null;
    return { changes: this.changes, replaced: this.replaced, warnings: [] };
  }

  noteSpecProblems(problems: readonly Problem[]): void {
    this.problems = problems;
  }
}

function setUp(t: TestContext) {
  const folder = temporaryFolder(t);
  const file = join(folder, "tusk.yaml");
  writeFileSync(file, specOf("users"));
  const system = new FakeSystem(file);
  const clock = new FakeClock();
  const events: EventDraft[] = [];
  const watch = watchSpecFile({ system, clock, emit: (event) => events.push(event) });
  t.after(() => watch.close());
  /** One look, until the next is due. */
  const look = async (): Promise<void> => {
    clock.advance(250);
    await eventually(() => clock.pendingTimers === 1);
  };
  return { folder, file, system, clock, events, watch, look };
}

test("an edit of a .env file is applied, too", async (t) => {
  const { folder, system, events, look } = setUp(t);
  system.environmentFiles = [join(folder, ".env")];
  system.changes = [];
  system.replaced = ["users"];
  await look();
  await look();
  const before = system.applied.length;
  writeFileSync(join(folder, ".env"), "A=1\n");
  await look();
  assert.equal(system.applied.length, before);
  await look();
  assert.equal(system.applied.length, before + 1);
  assert.match(events.at(-1)?.message ?? "", /\.env file was edited; started anew: users/);
});

test("an edit is applied once it looks the same twice", async (t) => {
  const { file, system, events, look } = setUp(t);
  await look();
  assert.deepEqual(system.applied, []);
  writeFileSync(file, specOf("users", "orders"));
  await look();
  assert.deepEqual(system.applied, [], "it may still be written");
  await look();
  await look();
  assert.deepEqual(system.applied, ["users orders"]);
  assert.deepEqual(
    events.map(({ kind, message }) => `${kind}: ${message}`),
    [`spec.applied: ${file} was edited; 1 change applied`],
  );
});

test("a file that is written piece by piece is not applied in between", async (t) => {
  const { file, system, look } = setUp(t);
  const text = specOf("users", "orders", "mail");
  for (let cut = 40; cut < text.length; cut += 20) {
    writeFileSync(file, text.slice(0, cut));
    await look();
  }
  writeFileSync(file, text);
  await look();
  assert.deepEqual(system.applied, []);
  await look();
  assert.deepEqual(system.applied, ["users orders mail"]);
});

test("a file that is replaced by renaming, and away for a moment, is followed", async (t) => {
  const { folder, file, system, look } = setUp(t);
  rmSync(file);
  await look();
  await look();
  assert.deepEqual(system.applied, []);
  writeFileSync(join(folder, "new"), specOf("users", "orders"));
  renameSync(join(folder, "new"), file);
  await look();
  await look();
  assert.deepEqual(system.applied, ["users orders"]);
});

test("a wrong edit is reported with its places, changes nothing, and is forgotten when it is mended", async (t) => {
  const { file, system, events, look } = setUp(t);
  writeFileSync(file, "name: shop\nservices:\n  - { name: users, replicas: many, run: x }\n");
  await look();
  await look();
  await look();
  assert.deepEqual(system.applied, []);
  assert.equal(events.length, 1);
  assert.equal(events[0]?.kind, "spec.rejected");
  assert.equal(system.problems[0]?.line, 3);
  writeFileSync(file, specOf("users"));
  await look();
  await look();
  assert.deepEqual(system.problems, []);
});

test("an edit that cannot be put in force is reported", async (t) => {
  const { file, system, events, look } = setUp(t);
  system.failure = new TuskError("PORT_IN_USE", "the gateway cannot listen on 127.0.0.1:80");
  writeFileSync(file, specOf("users", "orders"));
  await look();
  await look();
  assert.match(events[0]?.message ?? "", /cannot be applied: the gateway cannot listen/);
  assert.equal(system.problems[0]?.message, "the gateway cannot listen on 127.0.0.1:80");
});

test("an edit without a difference is not told", async (t) => {
  const { file, system, events, look } = setUp(t);
  system.changes = [];
  writeFileSync(file, `${specOf("users")}# a comment\n`);
  await look();
  await look();
  assert.deepEqual([system.applied, events], [["users"], []]);
});

test("when the system follows another file, so does the watch, from how it is then", async (t) => {
  const { folder, file, system, look } = setUp(t);
  system.desiredFile = null;
  await look();
  writeFileSync(file, specOf("ignored"));
  await look();
  const other = join(folder, "other.yaml");
  writeFileSync(other, specOf("mail"));
  system.desiredFile = other;
  await look();
  await look();
  assert.deepEqual(system.applied, []);
  writeFileSync(other, specOf("mail", "chat"));
  await look();
  await look();
  assert.deepEqual(system.applied, ["mail chat"]);
});

test("a file that cannot even be looked at stops nothing", async (t) => {
  const { folder, file, system, look } = setUp(t);
  system.desiredFile = join(folder, "x".repeat(300));
  await look();
  await look();
  system.desiredFile = file;
  await look();
  assert.deepEqual(system.applied, []);
});

test("nothing is looked at after close", async (t) => {
  const { clock, watch } = setUp(t);
  watch.close();
  assert.equal(clock.pendingTimers, 0);
});

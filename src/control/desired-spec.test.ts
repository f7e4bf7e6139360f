import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { appSpec, serviceSpec } from "../../test/doubles/control-plane.js";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { EventDraft } from "../base/event.js";
import type { AppSpec } from "../model/app-spec.js";
import { type AppFolder, appFolderAt } from "../system/app-folder.js";
import { writeJsonAtomic } from "../system/atomic-file.js";
import type { ApplyRequest } from "./control-plane.js";
import {
  type DesiredSpec,
  desiredAfter,
  nothingDesired,
  readDesired,
  readRevisions,
  writeDesired,
  writeRevisions,
} from "./desired-spec.js";

const app = (t: TestContext): AppFolder => appFolderAt(temporaryFolder(t));
const users = (replicas: number): AppSpec => appSpec([serviceSpec("users", { replicas })]);

function request(spec: AppSpec, more: Partial<ApplyRequest> = {}): ApplyRequest {
  return { spec, provenance: {}, from: "tusk.yaml", ...more };
}

function replicasOf({ spec }: DesiredSpec): number | undefined {
  return spec.services[0]?.replicas;
}

function scaled(desired: DesiredSpec, replicas: number): DesiredSpec {
  const services = desired.spec.services.map((service) => ({ ...service, replicas }));
  return { ...desired, generation: desired.generation + 1, spec: { ...desired.spec, services } };
}

function reading(folder: AppFolder): { readonly desired: DesiredSpec | null; readonly events: EventDraft[] } {
  const events: EventDraft[] = [];
  return { desired: readDesired(folder, (event) => events.push(event)), events };
}

test("the first request is what is desired, in either mode", (t) => {
  const nothing = nothingDesired(app(t));
  assert.deepEqual([nothing.generation, nothing.spec.services, nothing.file], [0, [], null]);
  for (const mode of ["edit", "replace"] as const) {
    const desired = desiredAfter(nothing, request(users(2), { mode, file: "/app/tusk.yaml" }));
    assert.deepEqual(desired.spec, users(2));
    assert.deepEqual([desired.generation, desired.from, desired.file], [1, "tusk.yaml", "/app/tusk.yaml"]);
  }
});

test("an edit keeps what was changed another way, and wins where it changes the same", (t) => {
  const applied = desiredAfter(nothingDesired(app(t)), request(users(1), { file: "/app/tusk.yaml" }));
  const current = scaled(applied, 3);
  const other = users(1);
  const edited = desiredAfter(current, request({ ...other, settings: { MONITORING_ENABLED: false } }));
  assert.equal(replicasOf(edited), 3);
  assert.deepEqual(edited.spec.settings, { MONITORING_ENABLED: false });
  assert.equal(edited.file, "/app/tusk.yaml", "the file is still followed");
  assert.equal(replicasOf(desiredAfter(current, request(users(2)))), 2);
});

test("replace makes it exactly the request's", (t) => {
  const current = scaled(desiredAfter(nothingDesired(app(t)), request(users(1))), 3);
  const replaced = desiredAfter(current, request(users(1), { mode: "replace" }));
  assert.equal(replicasOf(replaced), 1);
  assert.equal(replaced.generation, 3);
});

test("what is written is read, by this user alone", (t) => {
  const folder = app(t);
  assert.deepEqual(reading(folder), { desired: null, events: [] });
  const desired = desiredAfter(nothingDesired(folder), request(users(2)));
  writeDesired(folder, desired);
  assert.deepEqual(reading(folder), { desired, events: [] });
  assert.equal(statSync(folder.files.desired).mode & 0o777, 0o600);
});

test("the history keeps the last twenty", (t) => {
  const folder = app(t);
  const first = desiredAfter(nothingDesired(folder), request(users(1)));
  for (let generation = 1; generation <= 25; generation++) writeDesired(folder, { ...first, generation });
  const names = readdirSync(folder.specHistory).sort();
  assert.deepEqual([names.length, names[0], names.at(-1)], [20, "00000006.json", "00000025.json"]);
});

test("generations count on after a stop, so that the history keeps what comes", (t) => {
  const folder = app(t);
  const first = desiredAfter(nothingDesired(folder), request(users(1)));
  for (let generation = 1; generation <= 25; generation++) writeDesired(folder, { ...first, generation });
  const next = desiredAfter(nothingDesired(folder), request(users(2)));
  assert.equal(next.generation, 26);
  writeDesired(folder, next);
  assert.ok(existsSync(join(folder.specHistory, "00000026.json")));
});

for (const [what, damage] of [
  ["torn", '{"format":1,"spec":{"serv'],
  ["of another format", '{"format":2}'],
  ["without its gateway", '{"format":1,"generation":1,"provenance":{},"spec":{"services":[]},"applied":{}}'],
  ["null", "null"],
] as const) {
  test(`a desired spec that is ${what} is set aside, and the history's newest takes its place`, (t) => {
    const folder = app(t);
    const first = desiredAfter(nothingDesired(folder), request(users(1)));
    const second = scaled(first, 2);
    writeDesired(folder, first);
    writeDesired(folder, second);
    writeFileSync(folder.files.desired, damage);
    const { desired, events } = reading(folder);
    assert.deepEqual(desired, second);
    assert.match(events[0]?.message ?? "", /set aside as .*damaged-1; generation 2 of the history/);
    assert.equal(readFileSync(`${folder.files.desired}.damaged-1`, "utf8"), damage);
    assert.deepEqual(reading(folder), { desired: second, events: [] }, "the next controller finds it");
  });
}

test("damage in the history too: the newest sound one is taken, or nothing is desired", (t) => {
  const folder = app(t);
  const first = desiredAfter(nothingDesired(folder), request(users(1)));
  writeDesired(folder, first);
  writeDesired(folder, scaled(first, 2));
  writeFileSync(join(folder.specHistory, "00000002.json"), "{");
  writeFileSync(folder.files.desired, "{");
  assert.deepEqual(reading(folder).desired, first);
  writeFileSync(join(folder.specHistory, "00000001.json"), "");
  writeFileSync(folder.files.desired, "{");
  const { desired, events } = reading(folder);
  assert.equal(desired, null);
  assert.match(events[0]?.message ?? "", /nothing is desired until `tusk up`/);
});

test("revisions come back; damaged ones begin anew", (t) => {
  const folder = app(t);
  assert.deepEqual(readRevisions(folder), {});
  const revisions = { users: { revision: 3, hash: "abc" } };
  writeRevisions(folder, revisions);
  assert.deepEqual(readRevisions(folder), revisions);
  writeJsonAtomic(folder.files.revisions, { ...revisions, orders: { revision: "x" }, mail: null });
  assert.deepEqual(readRevisions(folder), revisions);
  for (const damage of ["{", "null", "7"]) {
    writeFileSync(folder.files.revisions, damage);
    assert.deepEqual(readRevisions(folder), {});
  }
});

test("a program's edit applies its difference alone, and the file's own edits keep it", (t) => {
  const file = appSpec([serviceSpec("users")]);
  const applied = desiredAfter(nothingDesired(app(t)), request(file, { file: "/app/tusk.yaml" }));
  const edits = ["mail", "search"].map((name) => ({
    ...request({ ...file, services: [...file.services, serviceSpec(name)] }, { from: "program" }),
    base: file,
  }));
  // Both were made from the same state, as of two calls at once.
  const both = edits.reduce<DesiredSpec>(desiredAfter, applied);
  const namesOf = ({ spec }: DesiredSpec): string[] => spec.services.map(({ name }) => name).sort();
  assert.deepEqual(namesOf(both), ["mail", "search", "users"]);
  assert.deepEqual([both.applied, both.file, both.allowUnknownCalls], [file, "/app/tusk.yaml", true]);
  const edited = desiredAfter(both, request(appSpec([serviceSpec("users", { replicas: 2 })])));
  assert.deepEqual(namesOf(edited), ["mail", "search", "users"]);
  assert.equal(edited.allowUnknownCalls, true);
});

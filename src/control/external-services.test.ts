import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import { createRegistry, type StorableRegistry } from "../discovery/create-registry.js";
import { readJson } from "../system/atomic-file.js";
import { type ExternalServices, keepExternalServices } from "./external-services.js";

interface Setup {
  readonly registry: StorableRegistry;
  readonly external: ExternalServices;
  readonly events: EventDraft[];
  readonly named: string[][];
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function start(t: TestContext, file: string): Setup {
  const events: EventDraft[] = [];
  const named: string[][] = [];
  const registry = createRegistry({ clock: new FakeClock(), emit: () => {} });
  const external: ExternalServices = keepExternalServices({
    registry,
    file,
    emit: (event) => events.push(event),
    onNames: () => named.push([...external.names()]),
  });
  t.after(() => {
    external.close();
    registry.close();
  });
  return { registry, external, events, named };
}

const place = (t: TestContext): string => join(temporaryFolder(t), "external.json");
const ledger = { id: "ledger-a", service: "ledger", address: "10.0.0.7", port: 443 };

test("registrations come back with the next controller", async (t) => {
  const file = place(t);
  const first = start(t, file);
  first.registry.register(ledger);
  first.registry.register({ ...ledger, id: "ledger-b", address: "10.0.0.8" });
  await settled();
  const second = start(t, file);
  assert.deepEqual(second.external.names(), ["ledger"]);
  assert.deepEqual(
    second.registry.lookup("ledger").map(({ id }) => id),
    ["ledger-a", "ledger-b"],
  );
  assert.deepEqual(second.events, []);
});

test("names are told when the set changes, once for many changes of one turn", async (t) => {
  const { registry, named } = start(t, place(t));
  registry.register(ledger);
  registry.register({ ...ledger, id: "mail-1", service: "mail" });
  await settled();
  registry.register({ ...ledger, id: "mail-2", service: "mail" });
  await settled();
  registry.deregister("ledger-a", "test");
  await settled();
  assert.deepEqual(named, [["ledger", "mail"], ["mail"]]);
});

test("supervised instances are neither stored nor named", async (t) => {
  const file = place(t);
  const { registry, external } = start(t, file);
  const supervised = { id: "users-1", service: "users", address: "127.0.0.1", port: 1, epoch: "1" };
  registry.syncSupervised([{ ...supervised, state: "passing", reason: "ready" }]);
  await settled();
  assert.deepEqual(external.names(), []);
  assert.ok(!existsSync(file));
});

for (const [what, text] of [
  ["no JSON", '{"format":1,"inst'],
  ["of no known format", "[]"],
] as const) {
  test(`a file that is ${what} is set aside, and the registry works`, async (t) => {
    const file = place(t);
    writeFileSync(file, text);
    const { registry, events } = start(t, file);
    assert.equal(events[0]?.kind, "state.damaged");
    assert.equal(readFileSync(`${file}.damaged-1`, "utf8"), text);
    registry.register(ledger);
    await settled();
    assert.equal((readJson(file) as { instances: unknown[] }).instances.length, 1);
  });
}

test("of a file with a broken entry the others are restored, and the file is kept for a person to look at", async (t) => {
  const file = place(t);
  const first = start(t, file);
  first.registry.register(ledger);
  first.registry.register({ ...ledger, id: "ledger-b" });
  await settled();
  const stored = readJson(file) as { instances: { registration: { port: unknown } }[] };
  if (stored.instances[0]) stored.instances[0].registration.port = "no port";
  writeFileSync(file, JSON.stringify(stored));
  const { external, registry, events } = start(t, file);
  assert.equal(registry.lookup("ledger").length, 1);
  assert.deepEqual(external.names(), ["ledger"]);
  assert.match(events[0]?.message ?? "", /instances\[0\]\.registration\.port/);
  assert.deepEqual(readdirSync(dirname(file)), ["external.json.damaged-1"]);
});

test("a folder that cannot be written to is reported and stops nothing", async (t) => {
  const folder = join(temporaryFolder(t), "state");
  mkdirSync(folder);
  const { registry, events, named } = start(t, join(folder, "external.json"));
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "a file is in the way");
  chmodSync(folder, 0o400);
  registry.register(ledger);
  await settled();
  assert.equal(events[0]?.kind, "state.not-stored");
  assert.deepEqual(named, [["ledger"]]);
});

test("nothing is written after close", async (t) => {
  const file = place(t);
  const { registry, external } = start(t, file);
  registry.register(ledger);
  external.close();
  await settled();
  assert.ok(!existsSync(file));
});

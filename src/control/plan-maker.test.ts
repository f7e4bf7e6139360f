import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { appSpec, serviceSpec } from "../../test/doubles/control-plane.js";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { TuskError } from "../base/errors.js";
import { FakeClock } from "../base/fake-clock.js";
import type { AppSpec } from "../model/app-spec.js";
import type { Settings } from "../model/settings.js";
import { createPortLeases } from "../orchestrator/port-leases.js";
import { appFolderAt } from "../system/app-folder.js";
import { type DesiredSpec, desiredAfter, nothingDesired } from "./desired-spec.js";
import { PlanMaker } from "./plan-maker.js";
import { TlsMaterial } from "./tls-material.js";

interface SetUpOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly codeSettings?: Partial<Settings>;
}

function setUp(t: TestContext, { environment = {}, codeSettings = {} }: SetUpOptions = {}) {
  const folder = appFolderAt(temporaryFolder(t));
  const leases = createPortLeases({
    stateFolder: folder.state,
    claimsFolder: join(folder.root, "claims"),
    appFolder: folder.root,
  });
  const tlsFolder = join(folder.root, "certificates");
  const tlsMaterial = new TlsMaterial({ root: folder.root, folder: tlsFolder, clock: new FakeClock(), emit: () => {} });
  const createMaker = (): PlanMaker => new PlanMaker({ folder, leases, environment, codeSettings, tlsMaterial });
  const desired = (spec: AppSpec): DesiredSpec =>
    desiredAfter(nothingDesired(folder), { spec, provenance: {}, from: "test" });
  return { folder, leases, createMaker, desired };
}

const shop = appSpec([serviceSpec("users"), serviceSpec("orders", { calls: ["users"] })]);

function problemsOf(error: unknown): string[] {
  assert.ok(error instanceof TuskError && error.code === "SPEC_INVALID", String(error));
  return error.problems.map(({ path, message }) => `${path}: ${message}`);
}

test("the same desired spec gives the same plans, also from the next controller", async (t) => {
  const { createMaker, desired } = setUp(t);
  const maker = createMaker();
  const first = await maker.make(desired(shop));
  maker.commit(first);
  assert.deepEqual(await maker.make(desired(shop)), first);
  assert.deepEqual(await createMaker().make(desired(shop)), first);
});

test("the mesh's ports are leased once, and programs know them", async (t) => {
  const { createMaker, desired, leases } = setUp(t);
  const { processPlan, listeners } = await createMaker().make(desired(shop));
  const port = leases.all().get("edge/orders/users");
  assert.equal(processPlan.services[1]?.env.USERS_URL, `http://127.0.0.1:${port}`);
  assert.deepEqual(listeners.map(({ name }) => name).sort(), [...leases.all().keys()].sort());
});

test("ports that no plan uses are given back, those of instances are not touched", async (t) => {
  const { createMaker, desired, leases } = setUp(t);
  const maker = createMaker();
  leases.lease("instance/users-1");
  await maker.make(desired(shop));
  maker.releaseUnused(await maker.make(desired(appSpec([serviceSpec("users")]))));
  assert.deepEqual([...leases.all().keys()].sort(), ["egress/users", "instance/users-1"]);
});

test("revisions count up when they are committed, and survive the controller", async (t) => {
  const { createMaker, desired } = setUp(t);
  const changed = (level: string): DesiredSpec => desired(appSpec([serviceSpec("users", { env: { LEVEL: level } })]));
  const revision = async (maker: PlanMaker, level: string): Promise<number | undefined> => {
    const plans = await maker.make(changed(level));
    return plans.processPlan.services[0]?.revision;
  };
  const maker = createMaker();
  maker.commit(await maker.make(changed("a")));
  assert.equal(await revision(maker, "b"), 2);
  assert.equal(await revision(maker, "c"), 2, "nothing was committed in between");
  maker.commit(await maker.make(changed("b")));
  assert.equal(await revision(createMaker(), "b"), 2);
  assert.equal(await revision(createMaker(), "a"), 3);
});

test("everything that is wrong is said: names, settings, variables, files", async (t) => {
  const { createMaker, desired } = setUp(t, { environment: { TUSK_API_GATEWAY_ENABLED: "perhaps" } });
  const wrong = appSpec([serviceSpec("users", { calls: ["nobody"] })]);
  await assert.rejects(createMaker().make(desired(wrong)), (error) => {
    assert.deepEqual(problemsOf(error), [
      "TUSK_API_GATEWAY_ENABLED: expected true or false",
      "services.users.calls[0]: no service `nobody`",
    ]);
    return true;
  });
  const around = appSpec([serviceSpec("users", { env: { A: "${NOT_SET}" }, envFiles: ["absent.env"] })]);
  const { createMaker: other } = setUp(t);
  await assert.rejects(other().make(desired(around)), (error) => {
    const problems = problemsOf(error);
    assert.equal(problems.length, 2);
    assert.match(problems.join(), /absent\.env does not exist/);
    assert.match(problems.join(), /NOT_SET/);
    return true;
  });
});

test("an .env file that changed gives another plan of the same spec", async (t) => {
  const { createMaker, desired, folder } = setUp(t);
  const maker = createMaker();
  const file = join(folder.root, ".env");
  writeFileSync(file, "LEVEL=debug\n");
  const first = await maker.make(desired(shop));
  assert.equal(first.processPlan.services[0]?.env.LEVEL, "debug");
  rmSync(file);
  const second = await maker.make(desired(shop));
  assert.notEqual(second.processPlan.services[0]?.hash, first.processPlan.services[0]?.hash);
});

test("settings: default, then code, then spec, then environment; each says where it is from", async (t) => {
  const { createMaker } = setUp(t, {
    environment: { TUSK_API_GATEWAY_ENABLED: "off" },
    codeSettings: { API_GATEWAY_ENABLED: true, MONITORING_ENABLED: false, HEALTH_CHECK_ENABLED: false },
  });
  const spec = { ...shop, settings: { API_GATEWAY_ENABLED: true, HEALTH_CHECK_ENABLED: true } };
  const statuses = new Map(
    createMaker()
      .settingStatuses(spec)
      .map((status) => [status.name, status]),
  );
  const shown = (["API_GATEWAY_ENABLED", "HEALTH_CHECK_ENABLED", "MONITORING_ENABLED", "GRPC_ENABLED"] as const).map(
    (name) => {
      const { value, source, built } = statuses.get(name) ?? {};
      return [value, source, built];
    },
  );
  assert.deepEqual(shown, [
    [false, "environment", true],
    [true, "spec", true],
    [false, "code", true],
    [true, "default", false],
  ]);
  assert.equal(statuses.size, 19);
});

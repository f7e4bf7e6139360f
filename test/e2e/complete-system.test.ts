// The example's class on an empty system: each of its fields is true where its part works, and false where it is off.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { TuskMicroservices } from "../../src/index.js";
import type { Settings } from "../../src/model/settings.js";
import { temporaryFolder } from "../support/temporary-folder.js";

interface CompleteSystem {
  initializeMicroservicesSystem(): Promise<Readonly<Record<string, unknown>>>;
  deployMicroservicesApplication(app: { services: [] }): Promise<Readonly<Record<string, unknown>>>;
}

interface Example {
  readonly CompleteMicroservicesSystem: new (options: object) => CompleteSystem;
}

// Compiled after the package that it imports by its name, so its types are not there yet.
const example = fileURLToPath(new URL("../../examples/complete-microservices-system.js", import.meta.url));

async function fieldsWith(t: TestContext, settings: Partial<Settings>): Promise<Readonly<Record<string, unknown>>> {
  const folder = temporaryFolder(t);
  await using platform = await TuskMicroservices.start({ folder, settings });
  const { CompleteMicroservicesSystem } = (await import(example)) as Example;
  const system = new CompleteMicroservicesSystem({ platform, gatewayPort: 0 });
  const initialized = await system.initializeMicroservicesSystem();
  return { ...initialized, ...(await system.deployMicroservicesApplication({ services: [] })) };
}

const fields = [
  ...["serviceMeshReady", "apiGatewayReady", "serviceDiscoveryReady"],
  ...["communicationReady", "routesConfigured"],
];

test("all is ready on a system that has everything on", async (t) => {
  const result = await fieldsWith(t, {});
  assert.deepEqual(
    fields.map((field) => [field, result[field]]),
    fields.map((field) => [field, true]),
  );
  assert.deepEqual([result.success, result.servicesCreated], [true, 0]);
});

test("what is off is not ready", async (t) => {
  const off = { SERVICE_MESH_ENABLED: false, API_GATEWAY_ENABLED: false, SERVICE_DISCOVERY_ENABLED: false };
  const result = await fieldsWith(t, off);
  assert.deepEqual(
    fields.map((field) => [field, result[field]]),
    fields.map((field) => [field, false]),
  );
});

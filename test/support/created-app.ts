// An app whose services `tusk create` makes, for the tests that run generated code. Environments come from the user's
// own cache, so that the packages are downloaded once for all runs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createServiceCode } from "../../src/services/create-service-code.js";
import { ensurePythonEnvironment } from "../../src/services/python-environment.js";
import type { ServiceCodeSpec } from "../../src/services/service-code.js";
import { createApp, type TestApp } from "./app.js";
import { type JsonAnswer, sendJson } from "./send-json.js";

export interface CreatedService {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Those named must come before. */
  readonly calls?: readonly string[];
}

/** A system with every dependency that the template knows and both kinds of callee, in the order of creation. */
export const users: CreatedService = { name: "user-service", dependencies: ["sqlalchemy", "redis"] };
export const payments: CreatedService = { name: "payment-service", dependencies: ["stripe", "redis"] };
export const orders: CreatedService = {
  name: "order-service",
  dependencies: ["sqlalchemy", "kafka"],
  calls: ["user-service", "payment-service"],
};

export const allDependencies = ["sqlalchemy", "redis", "kafka", "stripe"];

export function codeSpecOf({ name, dependencies, calls = [] }: CreatedService): ServiceCodeSpec {
  const callees = [users, payments].filter((callee) => calls.includes(callee.name));
  return { name, language: "python", framework: "fastapi", dependencies, calls: callees };
}

/** A Python that runs the unit tests and the linter of any generated folder: all packages are pinned together. */
export async function suiteEnvironment(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tusk-suites-"));
  try {
    createServiceCode(codeSpecOf({ name: "all", dependencies: allDependencies, calls: [users.name] }), { folder });
    return (await ensurePythonEnvironment(join(folder, "requirements-dev.txt"))).python;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Readiness {
  readonly status: string;
  readonly checks: Readonly<Record<string, string>>;
}

export interface CreateReport {
  readonly folder: string;
  readonly written: readonly string[];
  readonly kept: readonly string[];
  readonly skipped: readonly string[];
  readonly environment: { readonly folder: string; readonly reused: boolean; readonly linked: boolean } | null;
  readonly addedTo: string | null;
}

export function createArguments({ name, dependencies, calls = [] }: CreatedService): string[] {
  const dependencyArguments = dependencies.flatMap((dependency) => ["--dep", dependency]);
  return ["create", name, ...dependencyArguments, ...(calls.length > 0 ? ["--calls", calls.join(",")] : [])];
}

/** What `/readyz` of the first instance says; asked directly, because the gateway routes no probe. */
export async function readiness(app: TestApp, service: string): Promise<JsonAnswer<Readiness>> {
  const [instance] = await app.instances(service);
  return sendJson<Readiness>("GET", `http://127.0.0.1:${instance?.port}/readyz`);
}

/** Creates the services and adds them to the spec; starts nothing. `variables` are in the environment of each. */
export async function createdApp(
  t: TestContext,
  services: readonly CreatedService[],
  variables: Readonly<Record<string, string>> = {},
): Promise<TestApp> {
  const spec = (port: number): string => `name: shop\nservices: []\ngateway: { port: ${port} }\n`;
  const app = await createApp(t, { spec });
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  for (const service of services) {
    await app.json<CreateReport>(...createArguments(service), "--add");
    app.write(`services/${service.name}/.env`, lines.join(""));
  }
  return app;
}

// The unit tests and the linter of generated folders, with no backing service anywhere: the demo's three services, and
// in the long form every combination of dependencies and callees.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { createServiceCode } from "../../src/services/create-service-code.js";
import { ensurePythonEnvironment } from "../../src/services/python-environment.js";
import type { ServiceCodeSpec } from "../../src/services/service-code.js";
import { runCommand } from "../support/command.js";
import { type CreatedService, orders, payments, users } from "../support/created-app.js";
import { isLong } from "../support/drill.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const dependencies = ["sqlalchemy", "redis", "kafka", "stripe"];

function specOf({ name, dependencies, calls = [] }: CreatedService): ServiceCodeSpec {
  const callees = [users, payments].filter((callee) => calls.includes(callee.name));
  return { name, language: "python", framework: "fastapi", dependencies, calls: callees };
}

function* everyVariant(): Generator<CreatedService> {
  for (let bits = 0; bits < 2 ** dependencies.length; bits++) {
    const chosen = dependencies.filter((_, index) => bits & (1 << index));
    for (const calls of [[], [users.name], [payments.name], [users.name, payments.name]]) {
      yield { name: "shopping-carts-api", dependencies: chosen, calls };
    }
  }
}

describe("generated folders pass their own tests and linter", { concurrency: 2 }, () => {
  let python = "";

  // One environment with the packages of all: their versions are pinned together.
  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), "tusk-suites-"));
    try {
      createServiceCode(specOf({ name: "all", dependencies, calls: [users.name] }), { folder });
      ({ python } = await ensurePythonEnvironment(join(folder, "requirements-dev.txt")));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const service of isLong ? [users, payments, orders, ...everyVariant()] : [users, payments, orders]) {
    const { name, dependencies, calls = [] } = service;
    it(`${name} with ${dependencies.join(", ") || "nothing"}${calls.map((callee) => `, calls ${callee}`).join("")}`, async (t) => {
      const folder = temporaryFolder(t);
      createServiceCode(specOf(service), { folder });
      const run = async (...args: string[]): Promise<void> => {
        const done = await runCommand([python, "-m", ...args], { cwd: folder, env: process.env });
        assert.equal(done.code, 0, done.stdout + done.stderr);
      };
      await run("ruff", "format", "--check", "--quiet", ".");
      await run("ruff", "check", "--quiet", ".");
      await run("pytest", "-q", "-p", "no:cacheprovider");
    });
  }
});

// The unit tests and the linter of generated folders, with no backing service anywhere: the demo's three services, and
// in the long form every combination of dependencies and callees.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { createServiceCode } from "../../src/services/create-service-code.js";
import { runCommand } from "../support/command.js";
import {
  allDependencies,
  type CreatedService,
  codeSpecOf,
  orders,
  payments,
  suiteEnvironment,
  users,
} from "../support/created-app.js";
import { isLong } from "../support/drill.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Each combination of dependencies by itself, and with one of the three kinds of callees. */
function* everyVariant(): Generator<CreatedService> {
  const kinds = [[users.name], [payments.name], [users.name, payments.name]];
  for (let bits = 0; bits < 2 ** allDependencies.length; bits++) {
    const chosen = allDependencies.filter((_, index) => bits & (1 << index));
    for (const calls of [[], kinds[bits % kinds.length] ?? []]) {
      yield { name: "shopping-carts-api", dependencies: chosen, calls };
    }
  }
}

describe("generated folders pass their own tests and linter", { concurrency: 2 }, () => {
  let python = "";

  before(async () => {
    python = await suiteEnvironment();
  });

  for (const service of isLong ? [users, payments, orders, ...everyVariant()] : [users, payments, orders]) {
    const { name, dependencies, calls = [] } = service;
    it(`${name} with ${dependencies.join(", ") || "nothing"}${calls.map((callee) => `, calls ${callee}`).join("")}`, async (t) => {
      const folder = temporaryFolder(t);
      createServiceCode(codeSpecOf(service), { folder });
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

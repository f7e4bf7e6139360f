// Fetches what the end-to-end tests need from outside (Python packages, Kafka, stripe-mock) into the caches where they
// look for it. The test runner starts it at the beginning, so that the network works while the unit tests do. What
// cannot be had is no error here: the test that needs it says so.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "./command.js";
import { createArguments, orders, payments, suiteEnvironment, users } from "./created-app.js";
import { findKafka } from "./kafka.js";
import { findStripeMock } from "./stripe-mock.js";

const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const limitMs = 300_000;

async function fetchEnvironments(): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), "tusk-fetch-"));
  try {
    for (const service of [users, payments, orders]) {
      const options = { cwd, env: process.env, timeoutMs: limitMs };
      await runCommand([process.execPath, cli, ...createArguments(service)], options);
    }
    await suiteEnvironment();
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

const results = await Promise.allSettled([fetchEnvironments(), findKafka(), findStripeMock()]);
for (const result of results) if (result.status === "rejected") console.error(`not fetched: ${String(result.reason)}`);

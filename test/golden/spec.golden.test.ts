// Golden pairs: a spec as a person writes it, and the whole of what becomes of it. `UPDATE_GOLDEN=1` rewrites the
// outputs; the difference is then read like any other change.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { contentHash } from "../../src/base/hash.js";
import { compileGatewayApi } from "../../src/compile/gateway-api/compile-gateway-api.js";
import { toStatuses } from "../../src/compile/gateway-api/statuses.js";
import { compileListeners } from "../../src/compile/listeners.js";
import { neededPorts } from "../../src/compile/needed-ports.js";
import { compileProcessPlan } from "../../src/compile/process-plan.js";
import { compileProxyPlan } from "../../src/compile/proxy-plan.js";
import { type TlsFiles, tlsFileKey, tlsFileRefs } from "../../src/compile/tls-files.js";
import type { AppSpec, ParsedSpec } from "../../src/model/app-spec.js";
import { parseObjects } from "../../src/model/kubernetes/parse-objects.js";
import { parseSpecText } from "../../src/model/parse-spec.js";
import { resolveSettings } from "../../src/model/resolve-settings.js";
import { validateEndpoints, validatePlan } from "../../src/proxy/plan-validation.js";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../../../test/golden/fixtures");

type Stage = (text: string) => unknown;

const stages: Readonly<Record<string, Stage>> = {
  parse: (text) => parsed(text),
  problems: (text) => {
    const result = parseSpecText(text, "tusk.yaml");
    assert.equal(result.ok, false, "a fixture of problems parses");
    return result.ok ? null : result.problems;
  },
  "process-plan": (text) => {
    const { spec, provenance } = parsed(text);
    const { settings } = resolveSettings({ spec: spec.settings });
    const environment = { PATH: "/usr/bin", HOME: "/home/dev", TUSK_GRPC_ENABLED: "off", NODE_CHANNEL_FD: "3" };
    const envFiles = { [spec.services[0]?.name ?? ""]: { FROM_FILE: "file", SHARED: "file" } };
    const ports = leases(neededPorts(spec, settings));
    const input = { spec, provenance, settings, appFolder: "/srv/shop", ports, environment, envFiles, revisions: {} };
    return compileProcessPlan(input);
  },
  "proxy-plan": (text) => {
    const { spec, provenance } = parsed(text);
    const { settings } = resolveSettings({ spec: spec.settings });
    const ports = leases(neededPorts(spec, settings));
    const plan = compileProxyPlan({ spec, provenance, settings, version: 7, tlsFiles: hashesOf(spec) });
    assert.deepEqual(validatePlan(plan), { ok: true, value: plan }, "a worker takes it");
    return { sockets: compileListeners({ spec, settings, ports }), plan };
  },
  "gateway-api": (text) => {
    const { objects, problems, notices } = parseObjects(text, "gateway.yaml");
    assert.deepEqual([problems, notices], [[], []]);
    const check = (pem: string) => (pem.includes("BEGIN CERTIFICATE") ? null : "it is none");
    const result = compileGatewayApi(objects, check);
    if (!result.ok) assert.fail(JSON.stringify(result.problems));
    const { sockets, plan, endpoints } = result.compiled;
    assert.deepEqual(validatePlan(plan), { ok: true, value: plan }, "a worker takes it");
    assert.equal(validateEndpoints({ format: 1, version: 1, clusters: endpoints }).ok, true);
    const status = toStatuses(result.compiled, {
      generationOf: ({ object }) => object.metadata.generation ?? 1,
      timeOf: () => "2026-01-01T00:00:00Z",
    });
    return { sockets, plan, endpoints, status };
  },
  "gateway-api-problems": (text) => {
    const { objects, problems, notices } = parseObjects(text, "gateway.yaml");
    if (problems.length > 0) return { problems, notices };
    const result = compileGatewayApi(objects, () => null);
    assert.equal(result.ok, false, "a fixture of problems compiles");
    return { problems: result.ok ? [] : result.problems, notices };
  },
};

function parsed(text: string): ParsedSpec {
  const result = parseSpecText(text, "tusk.yaml");
  if (!result.ok) assert.fail(`a fixture has problems: ${JSON.stringify(result.problems, null, 2)}`);
  return result.parsed;
}

/** As if each file held its own name. */
function hashesOf(spec: AppSpec): TlsFiles {
  return Object.fromEntries(tlsFileRefs(spec).map((ref) => [tlsFileKey(ref), `${contentHash(tlsFileKey(ref))}.pem`]));
}

function leases(keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(keys.map((key, index) => [key, 20_000 + index]));
}

for (const [stage, run] of Object.entries(stages)) {
  const folder = join(fixtures, stage);
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".in.yaml"))) {
    test(`golden ${stage}/${basename(name, ".in.yaml")}`, () => {
      const output = `${JSON.stringify(run(readFileSync(join(folder, name), "utf8")), null, 2)}\n`;
      const path = join(folder, name.replace(".in.yaml", ".out.json"));
      if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, output);
      assert.deepEqual(JSON.parse(output), JSON.parse(readFileSync(path, "utf8")));
    });
  }
}

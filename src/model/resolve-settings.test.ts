import assert from "node:assert/strict";
import { test } from "node:test";
import { isBuilt, notBuiltYet } from "./not-built-yet.js";
import { resolveSettings } from "./resolve-settings.js";
import { defaultSettings } from "./settings.js";

test("with nothing said, all 19 have the documented values", () => {
  const { settings, sources, problems } = resolveSettings();
  assert.deepEqual(settings, defaultSettings);
  assert.equal(Object.keys(settings).length, 19);
  assert.ok(Object.values(sources).every((source) => source === "default"));
  assert.deepEqual(problems, []);
});

test("code, then spec, then environment: later wins", () => {
  const code = { GRPC_ENABLED: false, REST_API_ENABLED: false, ENCRYPTION_ENABLED: "off" };
  const spec = { GRPC_ENABLED: true, REST_API_ENABLED: false };
  const environment = { TUSK_REST_API_ENABLED: "on", TUSK_HOME: "/x", REST_API_ENABLED: "no" };
  const { settings, sources } = resolveSettings({ code, spec, environment });
  assert.deepEqual([settings.GRPC_ENABLED, sources.GRPC_ENABLED], [true, "spec"]);
  assert.deepEqual([settings.REST_API_ENABLED, sources.REST_API_ENABLED], [true, "environment"]);
  assert.deepEqual([settings.ENCRYPTION_ENABLED, sources.ENCRYPTION_ENABLED], [false, "code"]);
});

test("booleans accept true, false, 1, 0, on, off, in any case", () => {
  for (const [word, value] of [
    ["true", true],
    ["1", true],
    ["ON", true],
    ["false", false],
    ["0", false],
    [" Off ", false],
  ] as const) {
    assert.equal(resolveSettings({ environment: { TUSK_GRPC_ENABLED: word } }).settings.GRPC_ENABLED, value, word);
  }
});

test("a bad value and an unknown name are problems and change nothing", () => {
  const environment = {
    TUSK_GRPC_ENABLED: "maybe",
    TUSK_MICROSERVICES_ENGINE: "tusk_engine",
    TUSK_API_GATEWAY_PROVIDER: "",
  };
  const { settings, problems } = resolveSettings({ code: { GRPC_ENABLE: true, toString: true }, environment });
  assert.deepEqual(settings, defaultSettings);
  assert.deepEqual(
    problems.map(({ path, message, hint }) => `${path}: ${message} (${hint ?? ""})`),
    [
      "settings.GRPC_ENABLE: no setting `GRPC_ENABLE` (did you mean `GRPC_ENABLED`?)",
      `settings.toString: no setting \`toString\` (known: ${Object.keys(defaultSettings).slice(0, 12).join(", ")}, and 7 more)`,
      "TUSK_MICROSERVICES_ENGINE: no engine `tusk_engine` (known: tusk_microservices_engine)",
      "TUSK_GRPC_ENABLED: expected true or false (write true, false, on, off, 1 or 0)",
      "TUSK_API_GATEWAY_PROVIDER: expected text that is not empty ()",
    ],
  );
});

test("what is not built is told only where the value in force asks for it", () => {
  const asked = notBuiltYet(defaultSettings).map(({ setting }) => setting);
  assert.equal(asked.length, 8);
  const quiet = { ...defaultSettings, GRPC_ENABLED: false, SERVICE_MESH_PROVIDER: "none" };
  const left = notBuiltYet(quiet).map(({ setting }) => setting);
  assert.deepEqual(
    asked.filter((setting) => !left.includes(setting)),
    ["GRPC_ENABLED", "SERVICE_MESH_PROVIDER"],
  );
  assert.equal(isBuilt("GRPC_ENABLED"), false);
  assert.equal(isBuilt("SERVICE_MESH_ENABLED"), true);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SettingStatus } from "../control/control-plane.js";
import { defaultSettings, type SettingName } from "../model/settings.js";
import { unheardSettings } from "./environment-settings.js";

const inForce = Object.entries(defaultSettings).map(
  ([name, value]): SettingStatus => ({ name: name as SettingName, value, source: "default", built: true }),
);

test("variables that differ from what is in force are named, others are not", () => {
  const environment = { TUSK_GRPC_ENABLED: "off", TUSK_REST_API_ENABLED: "true", TUSK_OTHER: "x", PATH: "/bin" };
  assert.deepEqual(unheardSettings(environment, inForce), ["TUSK_GRPC_ENABLED=false"]);
  assert.deepEqual(unheardSettings({}, inForce), []);
});

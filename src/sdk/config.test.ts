import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveSettings } from "../model/resolve-settings.js";
import { MicroservicesConfig } from "./config.js";

test("only what differs from the defaults comes from code", () => {
  class Quiet extends MicroservicesConfig {
    override MONITORING_ENABLED = false;
    readonly note = "no setting";
  }
  assert.deepEqual(new MicroservicesConfig().toSettings(), {});
  assert.deepEqual(new Quiet().toSettings(), { MONITORING_ENABLED: false });
  const { sources } = resolveSettings({ code: { ...new Quiet().toSettings() } });
  const fromCode = Object.entries(sources).filter(([, source]) => source === "code");
  assert.deepEqual(fromCode, [["MONITORING_ENABLED", "code"]]);
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { appJsonSchema } from "./app-schema.js";
import { defaultSettings } from "./settings.js";

test("schema/app.json is what the schema gives; `node scripts/write-schema.mjs` rewrites it", () => {
  const written: unknown = JSON.parse(readFileSync(new URL("../../../schema/app.json", import.meta.url), "utf8"));
  assert.deepEqual(written, JSON.parse(JSON.stringify(appJsonSchema())));
});

test("the JSON Schema names every setting and refuses unknown keys", () => {
  const text = JSON.stringify(appJsonSchema());
  for (const name of Object.keys(defaultSettings)) assert.ok(text.includes(`"${name}"`), name);
  assert.equal(appJsonSchema().additionalProperties, false);
});

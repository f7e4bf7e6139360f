// Writes schema/app.json, the JSON Schema that editors check tusk.yaml with, from the schema that Tusk itself uses.
// Run after a change of that schema: `npm run build && node scripts/write-schema.mjs`. A test fails when it is stale.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { appJsonSchema } = await import(new URL("../dist/src/model/app-schema.js", import.meta.url).href);
mkdirSync(join(root, "schema"), { recursive: true });
writeFileSync(join(root, "schema/app.json"), `${JSON.stringify(appJsonSchema(), null, 2)}\n`);

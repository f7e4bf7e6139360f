// Plants one violation of each rule that holds the architecture together and expects the linter to catch it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

interface Planted {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly caught: RegExp | null;
}

const cases: readonly Planted[] = [
  {
    name: "a pure layer that reads the clock",
    files: { "src/resilience/a.ts": "export const a = (): number => Date.now();\n" },
    caught: /read no clock/,
  },
  {
    name: "a pure layer that rolls dice",
    files: { "src/model/a.ts": "export const a = (): number => Math.random();\n" },
    caught: /no random source/,
  },
  {
    name: "a pure layer that looks at the process",
    files: { "src/compile/a.ts": "export const a = process.pid;\n" },
    caught: /noRestrictedGlobals/,
  },
  {
    name: "a pure layer that does I/O",
    files: { "src/plan/a.ts": 'import { readFileSync } from "node:fs";\n\nexport const a = readFileSync;\n' },
    caught: /is pure: no I\/O/,
  },
  {
    name: "FUJSEN with a power, which does not replay",
    files: { "src/fujsen/a.ts": "export const a = (x: number): number => x ** 0.5;\n" },
    caught: /uses no power/,
  },
  {
    name: "FUJSEN that reads the database",
    files: {
      "src/fujsen/a.ts": 'import { b } from "../tuskdb/b.js";\n\nexport const a = b;\n',
      "src/tuskdb/b.ts": "export const b = 1;\n",
    },
    caught: /Arrows point down/,
  },
  {
    name: "a controller that looks up at the SDK",
    files: {
      "src/control/a.ts": 'import { b } from "../sdk/b.js";\n\nexport const a = b;\n',
      "src/sdk/b.ts": "export const b = 1;\n",
    },
    caught: /Arrows point down/,
  },
  {
    name: "a driver that looks up at the controller",
    files: {
      "src/proxy/a.ts": 'import { b } from "../control/b.js";\n\nexport const a = b;\n',
      "src/control/b.ts": "export const b = 1;\n",
    },
    caught: /Arrows point down/,
  },
  {
    name: "a driver that sees the app spec",
    files: {
      "src/orchestrator/a.ts": 'import { b } from "../model/b.js";\n\nexport const a = b;\n',
      "src/model/b.ts": "export const b = 1;\n",
    },
    caught: /Arrows point down/,
  },
  {
    name: "the generator of services, a driver, that looks up at the controller",
    files: {
      "src/services/a.ts": 'import { b } from "../control/b.js";\n\nexport const a = b;\n',
      "src/control/b.ts": "export const b = 1;\n",
    },
    caught: /services\/ may import base, system, plan/,
  },
  {
    name: "a driver that uses another one",
    files: {
      "src/orchestrator/a.ts": 'import { b } from "../services/b.js";\n\nexport const a = b;\n',
      "src/services/b.ts": "export const b = 1;\n",
    },
    caught: /orchestrator\/ may import base, system, plan/,
  },
  {
    name: "an import cycle",
    files: {
      "src/control/a.ts": 'import { b } from "./b.js";\n\nexport const a = (): number => b();\n',
      "src/control/b.ts": 'import { a } from "./a.js";\n\nexport const b = (): number => a();\n',
    },
    caught: /noImportCycles/,
  },
  {
    name: "nothing wrong",
    files: { "src/resilience/a.ts": "export const a = (now: number): number => now + 1;\n" },
    caught: null,
  },
];

describe("lint catches planted violations", () => {
  let folder = "";

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tusk-lint-"));
    const config = JSON.parse(readFileSync(join(root, "biome.json"), "utf8")) as Record<string, unknown>;
    writeFileSync(
      join(folder, "biome.json"),
      JSON.stringify({ ...config, vcs: { enabled: false }, $schema: undefined }),
    );
    cpSync(join(root, "lint"), join(folder, "lint"), { recursive: true });
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const { name, files, caught } of cases) {
    it(name, () => {
      rmSync(join(folder, "src"), { recursive: true, force: true });
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
      const ran = spawnSync(process.execPath, [biome, "lint", "src"], { cwd: folder, encoding: "utf8" });
      const output = ran.stdout + ran.stderr;
      if (caught === null) assert.equal(ran.status, 0, output);
      else {
        assert.notEqual(ran.status, 0, output);
        assert.match(output, caught);
      }
    });
  }
});

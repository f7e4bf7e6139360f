import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Problem, TuskError } from "../base/errors.js";
import { readEnvFiles } from "./env-files.js";
import { findSpecFile, loadSpecFile } from "./spec-file.js";

function folderWith(context: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "tusk-spec-"));
  context.after(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

async function problemsOf(loading: Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof TuskError && error.code === "SPEC_INVALID") return error.problems;
    throw error;
  }
  return [];
}

const lines = (problems: readonly Problem[]): string[] =>
  problems.map(({ file, line, path, message }) => `${file}:${line ?? "-"} ${path}: ${message}`);

test("the spec file of a folder is found, and above it when asked", async (context) => {
  const root = folderWith(context, { "tusk.yml": "name: a\n", "deep/er/x": "" });
  assert.equal(await findSpecFile(root), join(root, "tusk.yml"));
  assert.equal(await findSpecFile(join(root, "deep/er")), null);
  assert.equal(await findSpecFile(join(root, "deep/er"), { parents: true }), join(root, "tusk.yml"));
});

test("two spec files in a folder are an error that names both", async (context) => {
  const root = folderWith(context, { "tusk.yaml": "name: a\n", "tusk.config.ts": "" });
  await assert.rejects(findSpecFile(root), { code: "SPEC_INVALID", message: /tusk\.yaml and tusk\.config\.ts/ });
});

test("tusk.yaml, and a problem with file, line and column", async (context) => {
  const root = folderWith(context, { "tusk.yaml": "name: shop\nservices:\n  - { name: users, run: ./x }\n" });
  const { spec, provenance, root: found } = await loadSpecFile(join(root, "tusk.yaml"));
  assert.equal(spec.services[0]?.name, "users");
  assert.equal(found, root);
  assert.deepEqual(provenance["services.users"], { file: "tusk.yaml", line: 3, column: 5 });
  writeFileSync(join(root, "tusk.yaml"), "name: shop\nservces: []\n");
  assert.deepEqual(await problemsOf(loadSpecFile(join(root, "tusk.yaml"))), [
    {
      path: "servces",
      message: "unknown key `servces`",
      hint: "did you mean `services`?",
      file: "tusk.yaml",
      line: 2,
      column: 1,
    },
  ]);
});

test("no file, a folder, a pipe, a large file, bytes that are no text", async (context) => {
  const root = folderWith(context, { "large/tusk.yaml": "#".repeat(1024 * 1024 + 1), "folder/tusk.yaml/x": "" });
  await assert.rejects(loadSpecFile(join(root, "tusk.yaml")), { code: "SPEC_NOT_FOUND" });
  mkdirSync(join(root, "pipe"));
  execFileSync("mkfifo", [join(root, "pipe/tusk.yaml")]);
  mkdirSync(join(root, "bytes"));
  writeFileSync(join(root, "bytes/tusk.yaml"), Buffer.from([0x6e, 0xff, 0xfe]));
  for (const [folder, message] of [
    ["large", "the file is larger than 1024 KiB"],
    ["folder", "the file is no regular file"],
    ["pipe", "the file is no regular file"],
    ["bytes", "the file is not written in UTF-8"],
  ] as const) {
    assert.deepEqual(lines(await problemsOf(loadSpecFile(join(root, folder, "tusk.yaml")))), [
      `tusk.yaml:1 : ${message}`,
    ]);
  }
});

test("tusk.config.ts: typed, computed, read anew after an edit, nothing written beside it", async (context) => {
  const text = (name: string): string => `
    import { port } from "./port";
    interface Spec { name: string; gateway: { port: number } }
    const spec: Spec = { name: "${name}", gateway: { port } };
    export default async (): Promise<Spec> => spec;`;
  const root = folderWith(context, { "tusk.config.ts": text("one"), "port.ts": "export const port: number = 8081;" });
  const file = join(root, "tusk.config.ts");
  const first = await loadSpecFile(file);
  assert.deepEqual([first.spec.name, first.spec.gateway.listeners[0]?.port], ["one", 8081]);
  writeFileSync(file, text("two"));
  writeFileSync(join(root, "port.ts"), "export const port = 8082;");
  const second = await loadSpecFile(file);
  assert.deepEqual([second.spec.name, second.spec.gateway.listeners[0]?.port], ["two", 8082]);
  assert.deepEqual(readdirSync(root).sort(), ["port.ts", "tusk.config.ts"]);
});

test("a config file that throws, does not parse, exports nothing or something wrong", async (context) => {
  const root = folderWith(context, { "tusk.config.mjs": "throw new Error('no database');" });
  const file = join(root, "tusk.config.mjs");
  assert.deepEqual(lines(await problemsOf(loadSpecFile(file))), [
    "tusk.config.mjs:1 : the file failed to run: no database",
  ]);
  writeFileSync(file, "export default {");
  assert.match(lines(await problemsOf(loadSpecFile(file)))[0] ?? "", /the file failed to run: /);
  writeFileSync(file, "export default { name: 'a', services: [{ name: 'b' }] };");
  assert.deepEqual(lines(await problemsOf(loadSpecFile(file))), [
    "tusk.config.mjs:1 services[0]: service `b` has no `run`",
  ]);
  writeFileSync(file, "export const spec = {};");
  assert.equal((await problemsOf(loadSpecFile(file))).length > 0, true);
});

test("what is around the spec is checked: folders, named .env files, variables", async (context) => {
  const root = folderWith(context, {
    "tusk.yaml": `name: shop
services:
  - { name: users, path: ./usres, run: ./x }
  - name: orders
    path: tusk.yaml
    run: ./x
  - name: payments
    path: payments
    run: ./x
    envFiles: [.env.local, .env]
    env: { KEY: "\${STRIPE_KEY}", HOST_NAME: "\${GIVEN}", FROM_FILE: "\${IN_FILE}" }
`,
    "payments/.env": "IN_FILE=1\nnot an assignment\n",
  });
  assert.deepEqual(lines(await problemsOf(loadSpecFile(join(root, "tusk.yaml"), { environment: { GIVEN: "x" } }))), [
    "tusk.yaml:3 services.users.path: the folder usres does not exist",
    "tusk.yaml:5 services.orders.path: tusk.yaml is no folder",
    "tusk.yaml:10 services.payments.envFiles[0]: payments/.env.local does not exist",
    "tusk.yaml:11 services.payments.env.KEY: the variable STRIPE_KEY is not set",
    "payments/.env:2 : the line is no assignment",
  ]);
});

test("the app's .env, then the service's, then the named ones: later wins", async (context) => {
  const root = folderWith(context, {
    ".env": "A=app\nB=app\nC=app\n",
    "users/.env": "B=service\nC=service\n",
    "users/.env.local": "C=local\n",
    "tusk.yaml":
      "name: a\nservices: [{ name: users, path: users, run: x, envFiles: [.env.local] }, { name: other, run: x }]\n",
  });
  const { spec, provenance } = await loadSpecFile(join(root, "tusk.yaml"));
  const { variables, problems } = await readEnvFiles(spec, provenance, root);
  assert.deepEqual(problems, []);
  assert.deepEqual(variables, {
    users: { A: "app", B: "service", C: "local" },
    other: { A: "app", B: "app", C: "app" },
  });
});

test("what is wrong in the file, around it and in the environment is told at once, each with its place", async (context) => {
  const services = (open: string, close: string): string =>
    [
      `${open}{ name: "users", run: "node x.js", cals: ["a"], path: "./nope", env: { A: "\${UNDEF}" } },`,
      `  { name: "b", run: "x", replicas: -1, envFiles: ["gone.env"] }${close}`,
    ].join("\n");
  const expected = [
    "2 services[0].cals: unknown key `cals`",
    "2 services.users.path: the folder nope does not exist",
    "2 services.users.env.A: the variable UNDEF is not set",
    "3 services[1].replicas: must be 0 to 100",
    "3 services.b.envFiles[0]: gone.env does not exist",
    "- TUSK_GRPC_ENABLED: expected true or false",
  ];
  for (const [name, text] of [
    ["tusk.yaml", `name: shop\n${services("services: [", "]")}\n`],
    ["tusk.config.ts", `export default { name: "shop" as string,\n${services("services: [", "]")} };\n`],
  ] as const) {
    const root = folderWith(context, { [name]: text });
    const problems = await problemsOf(loadSpecFile(join(root, name), { environment: { TUSK_GRPC_ENABLED: "maybe" } }));
    assert.deepEqual(
      problems.map(({ line, path, message }) => `${line ?? "-"} ${path}: ${message}`),
      expected,
      name,
    );
    assert.ok(problems.every(({ line, column }) => (line === undefined) === (column === undefined)));
  }
});

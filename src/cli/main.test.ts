// The command as a process: what a user or a script gets from it where no app runs.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Problem } from "../base/errors.js";
import { parseSpecText } from "../model/parse-spec.js";
import { version } from "../system/version.js";

const program = fileURLToPath(new URL("./main.js", import.meta.url));

function temporary(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "tusk-cli-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function tusk(cwd: string, args: readonly string[], environment: NodeJS.ProcessEnv = { NO_COLOR: "1" }) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd, env, encoding: "utf8" });
  return { code: status, stdout, stderr };
}

const shop = `name: shop
services:
  - { name: users, run: node server.js, replicas: 2, route: /users }
  - { name: orders, run: node server.js, calls: [users] }
`;

describe("version and help", () => {
  test("version, in both forms and as JSON", () => {
    assert.deepEqual(tusk("/", ["version"]), { code: 0, stdout: `tusk ${version}\n`, stderr: "" });
    assert.equal(tusk("/", ["--version"]).stdout, `${version}\n`);
    assert.equal(JSON.parse(tusk("/", ["version", "--json"]).stdout).version, version);
  });

  test("help is on standard output, with and without being asked for", () => {
    for (const args of [["--help"], [], ["help"], ["up", "--help"]]) {
      const { code, stdout, stderr } = tusk("/", args);
      assert.deepEqual([code, stderr], [0, ""], args.join(" "));
      assert.match(stdout, /^Usage: tusk/);
    }
    assert.match(tusk("/", ["up", "--help"]).stdout, /--json/);
  });
});

describe("what cannot be understood", () => {
  test("an unknown command with the nearest one, exit code 2", () => {
    const { code, stdout, stderr } = tusk("/", ["psx"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /unknown command 'psx'\nhint: .*\bps\b/);
  });

  test("an unknown option, a missing argument, a value that is none", () => {
    for (const args of [
      ["ps", "--wach"],
      ["scale"],
      ["up", "--timeout", "soon"],
      ["logs", "-n", "x"],
      ["scale", "users"],
    ]) {
      assert.equal(tusk("/", args).code, 2, args.join(" "));
    }
  });

  test("as JSON the error is on standard output", () => {
    const { code, stdout, stderr } = tusk("/", ["--json", "upp"]);
    assert.deepEqual([code, stderr], [2, ""]);
    const { error } = JSON.parse(stdout);
    assert.deepEqual([error.code, error.hint, error.problems], ["USAGE", "Did you mean up?", []]);
  });
});

describe("no app", () => {
  test("every command that needs one says what to do", (t) => {
    const folder = temporary(t);
    const commands = [["up"], ["down"], ["ps"], ["logs"], ["validate"], ["restart"], ["scale", "a=1"], ["health"]];
    for (const args of [...commands, ["routes"], ["events"], ["explain", "a"]]) {
      const { code, stderr } = tusk(folder, args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, /tusk init/, args.join(" "));
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  test("a folder that is not there", (t) => {
    const { code, stderr } = tusk(temporary(t), ["-C", "absent", "ps"]);
    assert.equal(code, 2);
    assert.match(stderr, /there is no folder .*absent/);
  });
});

describe("an app that does not run", () => {
  test("ps and others: NOT_RUNNING, exit code 3, from a folder below too", (t) => {
    const folder = temporary(t, { "tusk.yaml": shop, "deep/below/x": "" });
    for (const args of [["ps"], ["routes"], ["health"], ["restart"], ["explain", "users"], ["scale", "users=1"]]) {
      const { code, stderr } = tusk(join(folder, "deep/below"), args);
      assert.equal(code, 3, args.join(" "));
      assert.match(stderr, /is not running/);
    }
    const { code, stdout } = tusk("/", ["-C", folder, "ps", "--json"]);
    assert.equal(code, 3);
    assert.equal(JSON.parse(stdout).error.code, "NOT_RUNNING");
    assert.ok(!existsSync(join(folder, ".tusk")));
  });

  test("restart --proxy is about no service, --drain about nothing else, logs --access about all", (t) => {
    const folder = temporary(t, { "tusk.yaml": shop });
    const usages = [
      ["restart", "users", "--proxy"],
      ["restart", "--drain", "1s"],
      ["logs", "users", "--access"],
    ];
    for (const args of usages) assert.equal(tusk(folder, args).code, 2, args.join(" "));
    assert.equal(tusk(folder, ["restart", "--proxy"]).code, 3);
    assert.match(tusk(folder, ["logs", "--access"]).stdout, /accessLog: true/);
  });

  test("down: nothing to stop is success", (t) => {
    const folder = temporary(t, { "tusk.yaml": shop });
    const { code, stdout } = tusk(folder, ["down"]);
    assert.deepEqual([code, stdout], [0, "nothing to stop\n"]);
    assert.ok(!existsSync(join(folder, ".tusk")));
  });

  test("a record of a controller that is gone is cleared away by down", (t) => {
    const record = { pid: 2 ** 22 + 1, startTicks: 1, bootId: "x", url: "http://127.0.0.1:1" };
    const folder = temporary(t, { "tusk.yaml": shop, ".tusk/controller.json": JSON.stringify(record) });
    const found = JSON.parse(tusk(folder, ["doctor", "--json"]).stdout);
    assert.equal(found.checks.find(({ name }: { name: string }) => name === "controller").ok, false);
    const stale = join(folder, ".tusk/controller.json");
    assert.ok(found.leftovers.some(({ path }: { path?: string }) => path === stale));
    assert.equal(tusk(folder, ["down"]).code, 0);
    assert.ok(!existsSync(join(folder, ".tusk/controller.json")));
  });

  test("a damaged record is told, and pruned", (t) => {
    const folder = temporary(t, { "tusk.yaml": shop, ".tusk/controller.json": "{torn" });
    const { code, stderr } = tusk(folder, ["ps"]);
    assert.equal(code, 1);
    assert.match(stderr, /STATE_DAMAGED/);
    const { stdout } = tusk(folder, ["doctor", "--prune", "--json"]);
    assert.deepEqual(JSON.parse(stdout).leftovers, []);
    assert.equal(tusk(folder, ["ps"]).code, 3);
  });

  test("logs and events are read from their files", (t) => {
    const event = { id: "1", at: "2026-01-01T00:00:00.000Z", kind: "instance.started", level: "info", message: "hi" };
    const folder = temporary(t, {
      "tusk.yaml": shop,
      ".tusk/logs/users-1.log": "one\ntwo\nthree\n",
      ".tusk/logs/controller.log": "not a service\n",
      ".tusk/events.jsonl": `${JSON.stringify(event)}\n{"torn`,
    });
    assert.equal(tusk(folder, ["logs", "-n", "2"]).stdout, "users-1 | two\nusers-1 | three\n");
    assert.deepEqual(JSON.parse(tusk(folder, ["logs", "users-1", "-n", "1", "--json"]).stdout), [
      { instance: "users-1", text: "three" },
    ]);
    assert.deepEqual(JSON.parse(tusk(folder, ["events", "--json"]).stdout), [event]);
    assert.match(tusk(folder, ["logs", "usres"]).stderr, /did you mean `users`/);
  });
});

describe("validate", () => {
  test("a sound spec", (t) => {
    const folder = temporary(t, { "tusk.yaml": shop });
    const { code, stdout } = tusk(folder, ["validate"]);
    assert.deepEqual([code, stdout], [0, "✔ tusk.yaml is valid: app shop, 2 services, 1 route\n"]);
    assert.deepEqual(JSON.parse(tusk(folder, ["validate", "--json"]).stdout).services, ["users", "orders"]);
  });

  test("every problem with its place, exit code 2, nothing written", (t) => {
    const spec = shop.replace("replicas: 2", "replicas: many").replace("[users]", "[user]");
    const folder = temporary(t, { "other.yaml": spec });
    const { code, stdout, stderr } = tusk(folder, ["validate", "other.yaml"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^other\.yaml:3:\d+ {2}.*replicas/m);
    assert.match(stderr, /^other\.yaml:4:\d+ {2}.*calls.*\n.*\n {2}hint: .*users/m);
    const { error } = JSON.parse(tusk(folder, ["validate", "other.yaml", "--json"]).stdout);
    assert.deepEqual(
      error.problems.map(({ line }: Problem) => line),
      [3, 4],
    );
    assert.deepEqual(readdirSync(folder), ["other.yaml"]);
  });

  test("colours when they are forced, none when they are refused", (t) => {
    const folder = temporary(t, { "tusk.yaml": "services: 1" });
    assert.ok(tusk(folder, ["validate"], { FORCE_COLOR: "1" }).stderr.includes("\u001b["));
    assert.ok(!tusk(folder, ["validate"], {}).stderr.includes("\u001b["));
    assert.ok(!tusk(folder, ["validate"], { FORCE_COLOR: "1", NO_COLOR: "1" }).stderr.includes("\u001b["));
  });
});

describe("init", () => {
  test("finds programs, writes a spec that is valid, and never overwrites", (t) => {
    const folder = temporary(t, {
      "Users API/package.json": JSON.stringify({ scripts: { start: "node x.js" } }),
      "orders/main.py": "",
      "web/server.js": "",
      "broken/package.json": "{",
      "node_modules/left-pad/index.js": "",
    });
    const { code, stdout } = tusk(folder, ["init", "--json"]);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout).services, ["users-api", "orders", "web"]);
    assert.equal(tusk(folder, ["validate"]).code, 0);
    const before = readFileSync(join(folder, "tusk.yaml"), "utf8");
    assert.equal(tusk(folder, ["init"]).code, 1);
    assert.equal(readFileSync(join(folder, "tusk.yaml"), "utf8"), before);
  });

  test("in an empty folder the spec is valid too, and uncommented it still is", (t) => {
    const folder = temporary(t);
    assert.equal(tusk(folder, ["init"]).code, 0);
    const text = readFileSync(join(folder, "tusk.yaml"), "utf8");
    assert.ok(parseSpecText(text, "tusk.yaml").ok);
    const uncommented = text.replace(" []", "").replace(/^# {2}(?=[- ])/gm, "  ");
    const parsed = parseSpecText(uncommented, "tusk.yaml");
    assert.ok(parsed.ok && parsed.parsed.spec.services[0]?.name === "users", uncommented);
  });
});

describe("completion", () => {
  test("bash completes commands, services and options", (t) => {
    const desired = { spec: { services: [{ name: "users" }, { name: "orders" }] } };
    const folder = temporary(t, { "tusk.yaml": shop, ".tusk/spec/desired.json": JSON.stringify(desired) });
    const complete = (...words: string[]): string[] => {
      const script = `tusk() { "${process.execPath}" "${program}" "$@"; }
        eval "$(tusk completion bash)"
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tusk; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = spawnSync("bash", ["-c", script, "bash", ...words], { cwd: folder, encoding: "utf8" });
      return stdout.split("\n").filter((line) => line !== "");
    };
    assert.deepEqual(complete("tusk", "rest"), ["restart"]);
    assert.deepEqual(complete("tusk", "restart", "u"), ["users"]);
    assert.deepEqual(complete("tusk", "up", "--de"), ["--detach"]);
    assert.deepEqual(complete("tusk", "scale", "o"), ["orders="]);
  });

  test("each shell has a script, another is refused", () => {
    for (const shell of ["bash", "zsh", "fish"]) assert.match(tusk("/", ["completion", shell]).stdout, /__complete/);
    assert.equal(tusk("/", ["completion", "toString"]).code, 2);
  });
});

test("a reader that leaves ends the command quietly", async (t) => {
  const lines = `${"a line of a log that is long enough to fill a pipe\n".repeat(200_000)}`;
  const folder = temporary(t, { "tusk.yaml": shop, ".tusk/logs/users-1.log": lines });
  const child = spawn(process.execPath, [program, "logs", "-n", "all"], { cwd: folder });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.deepEqual([code, stderr], [0, ""]);
});

// What a user gets: the packed package, installed into an empty folder, runs an app. Needs the package registry, or
// npm's cache, for the dependencies.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { appFolderAt } from "../../src/system/app-folder.js";
import { endAppProcesses, findAppProcesses, markName } from "../support/app-processes.js";
import { runCommand } from "../support/command.js";
import { freePort } from "../support/free-port.js";
import { httpGet } from "../support/http-get.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { decoratorFlags, writeTypeConsumer } from "../support/type-consumer.js";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

const server = `require("node:http")
  .createServer((request, response) => response.end("hello from " + request.url))
  .listen(process.env.PORT, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

test("the packed package: tusk init, up, down", async (t) => {
  const folder = temporaryFolder(t);
  const app = join(folder, "app");
  mkdirSync(join(app, "web"), { recursive: true });
  const env = { ...process.env, [markName]: app };
  t.after(() => endAppProcesses({ mark: app, folder: app }));
  const run = async (argv: readonly string[], cwd = app) => {
    const done = await runCommand(argv, { cwd, env, timeoutMs: 180_000 });
    assert.equal(done.code, 0, `${argv.join(" ")}\n${done.stdout}\n${done.stderr}`);
    return done.stdout;
  };
  const packed = JSON.parse(
    await run(["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder], repository),
  );
  const [{ filename, files }] = packed as [{ filename: string; files: { path: string }[] }];
  const strays = files.map(({ path }) => path).filter((path) => /\.test\.|^(src|test|benchmarks)\//.test(path));
  assert.deepEqual(strays, []);
  writeFileSync(join(app, "package.json"), "{}");
  await run(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, filename)]);
  for (const flags of decoratorFlags) await run(writeTypeConsumer(app, flags));

  const port = await freePort();
  writeFileSync(join(app, "web/server.js"), server);
  writeFileSync(join(app, "web/package.json"), JSON.stringify({ name: "web", scripts: { start: "node server.js" } }));
  await run(["npx", "tusk", "init"]);
  assert.match(readFileSync(join(app, "tusk.yaml"), "utf8"), /services:/);
  const spec = `name: packed\nservices:\n  - { name: web, path: ./web, run: node server.js, route: / }\ngateway: { port: ${port} }\n`;
  writeFileSync(join(app, "tusk.yaml"), spec);
  await run(["npx", "tusk", "up", "-d", "--wait"]);
  assert.equal((await httpGet(`http://127.0.0.1:${port}/hi`)).text, "hello from /hi");
  await run(["npx", "tusk", "down"]);
  assert.deepEqual(findAppProcesses({ mark: app, folder: app }), []);
  assert.equal(existsSync(appFolderAt(app).files.controller), false);
});

// Encrypted listeners of a running app: each host its certificate, and a changed file is taken up without a restart.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { TuskEvent } from "../../src/base/event.js";
import { appFolderAt } from "../../src/system/app-folder.js";
import { createApp, type TestApp } from "../support/app.js";
import { TestAuthority } from "../support/certificates.js";
import { eventually } from "../support/eventually.js";

const spec = (port: number): string => `name: shop
services:
  - { name: users, path: ./users, run: node server.js, route: { path: /users, hostnames: [one.test, two.test] } }
gateway:
  listeners:
    - { name: one, port: ${port}, hostname: one.test, tls: { certificate: one.crt, key: one.key } }
    - { name: two, port: ${port}, hostname: two.test, tls: { certificate: two.crt, key: two.key } }
`;

interface Got {
  readonly status: number;
  readonly serial: string;
}

function get(app: TestApp, authority: TestAuthority, host: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const where = { host: "127.0.0.1", port: app.gatewayPort, servername: host, path: "/users" };
    const outgoing = request({ ...where, headers: { host }, ca: authority.pem, agent: false }, (incoming) => {
      const { serialNumber: serial } = (incoming.socket as TLSSocket).getPeerCertificate();
      incoming.resume();
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, serial }));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

function eventsOf(app: TestApp, kind: string): string[] {
  const stdout = readFileSync(join(app.state, "events.jsonl"), "utf8");
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TuskEvent);
  return events.filter((event) => event.kind === kind).map(({ message }) => message);
}

test("hosts on one port have their certificates, and a changed one is taken up while requests go on", async (t) => {
  const app = await createApp(t, { spec });
  const authority = new TestAuthority(app.folder);
  for (const name of ["one", "two"]) authority.sign({ name, subjectAltNames: `DNS:${name}.test` });

  await t.test("verified by a client, told as https, and with keys that nobody else reads", async () => {
    await app.up();
    const [one, two] = [await get(app, authority, "one.test"), await get(app, authority, "two.test")];
    assert.deepEqual([one.status, two.status], [200, 200]);
    assert.notEqual(one.serial, two.serial);
    assert.deepEqual(
      (await app.ps()).gateway.map(({ url }) => url),
      [`https://127.0.0.1:${app.gatewayPort}`, `https://127.0.0.1:${app.gatewayPort}`],
    );
    const folder = join(appFolderAt(app.folder).runtime, "certificates");
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  });

  await t.test("replaced files are in force without a restart", async () => {
    const before = (await get(app, authority, "one.test")).serial;
    const pids = await app.pids("worker");
    const next = authority.sign({ name: "next", subjectAltNames: "DNS:one.test" });
    copyFileSync(next.key, join(app.folder, "one.key"));
    copyFileSync(next.certificate, join(app.folder, "one.crt"));
    await eventually(async () => (await get(app, authority, "one.test")).serial !== before);
    assert.deepEqual(await app.pids("worker"), pids);
    await eventually(() => /one\.crt was changed/.test(eventsOf(app, "certificate.reloaded").join()));
  });

  await t.test("a broken file changes nothing and is told with its reason", async () => {
    const before = (await get(app, authority, "two.test")).serial;
    writeFileSync(join(app.folder, "two.crt"), "nothing");
    const refused = (): string[] => eventsOf(app, "certificate.refused");
    const [message = ""] = await eventually(() => {
      const found = refused();
      return found.length > 0 && found;
    });
    assert.match(
      message,
      /^two\.crt with two\.key cannot be used: there is no certificate in PEM form in it; the one before/,
    );
    assert.equal((await get(app, authority, "two.test")).serial, before);
    // Another edit is not held up by it.
    app.write("tusk.yaml", spec(app.gatewayPort).replace("run: node server.js", "run: node server.js, replicas: 2"));
    await app.ready("users", 2);
    assert.equal((await get(app, authority, "two.test")).serial, before);
  });

  await app.down();
  await app.assertNothingLeft();
});

test("an app whose certificate is missing does not start, and says what to do", async (t) => {
  const app = await createApp(t, { spec });
  const result = await app.tusk("up", "-d", "--wait");
  assert.notEqual(result.code, 0);
  assert.match(result.stderr + result.stdout, /one\.crt does not exist[\s\S]+relative to the app's folder/);
});

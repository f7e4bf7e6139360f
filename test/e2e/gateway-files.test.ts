// `tusk gateway` as a real process: a folder of Kubernetes objects is served, edited, broken, and taken over.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";
import { httpGet } from "../support/http-get.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const main = join(dirname(fileURLToPath(import.meta.url)), "../../src/cli/main.js");

type Line = Readonly<Record<string, unknown>>;

interface Gateway {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: Line[];
  readonly errors: () => string;
  /** The next line that has this key, after those that were waited for. */
  next(key: string): Promise<Line>;
  end(): Promise<number | null>;
}

interface World {
  readonly folder: string;
  readonly status: string;
  readonly port: number;
  readonly url: string;
  put(name: string, content: object | string): void;
}

function startGateway(t: TestContext, { folder, status }: World): Gateway {
  const child = spawn(process.execPath, [main, "gateway", "--config", folder, "--status", status]);
  const lines: Line[] = [];
  let rest = "";
  let errors = "";
  child.stderr.on("data", (data: Buffer) => {
    errors += data;
  });
  child.stdout.on("data", (data: Buffer) => {
    const parts = `${rest}${data}`.split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) lines.push(JSON.parse(part) as Line);
  });
  const exited = once(child, "exit");
  const end = async (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ((await exited) as [number | null])[0];
  };
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) await end();
  });
  let at = 0;
  const next = (key: string): Promise<Line> =>
    eventually(
      () => {
        const found = lines.findIndex((line, index) => index >= at && key in line);
        if (found === -1) return null;
        at = found + 1;
        return lines[found];
      },
      { what: `a line with ${key}; standard error: ${errors}` },
    );
  return { child, lines, errors: () => errors, next, end };
}

const meta = (name: string) => ({ name, namespace: "default" });

async function createWorld(t: TestContext): Promise<World> {
  const root = temporaryFolder(t);
  const folder = join(root, "config");
  mkdirSync(folder);
  const port = await freePort();
  const put = (name: string, content: object | string): void =>
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  const group = "gateway.networking.k8s.io/v1";
  put("class.json", {
    apiVersion: group,
    kind: "GatewayClass",
    metadata: { name: "tusk" },
    spec: { controllerName: "tusk.dev/gateway-controller" },
  });
  put("gateway.json", gatewayOn(port));
  put("route.json", routeTo("/one"));
  put("service.json", { apiVersion: "v1", kind: "Service", metadata: meta("one"), spec: { ports: [{ port: 80 }] } });
  const upstream = createServer((request, response) => response.end(`one ${request.url}`));
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.after(() => upstream.close());
  put("endpoints.json", {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...meta("one-1"), labels: { "kubernetes.io/service-name": "one" } },
    addressType: "IPv4",
    ports: [{ name: "", port: (upstream.address() as AddressInfo).port }],
    endpoints: [{ addresses: ["127.0.0.1"] }],
  });
  return { folder, status: join(root, "status.json"), port, url: `http://127.0.0.1:${port}`, put };
}

function gatewayOn(port: number): object {
  const listeners = [{ name: "http", port, protocol: "HTTP" }];
  const spec = { gatewayClassName: "tusk", listeners };
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: meta("gw"), spec };
}

function routeTo(path: string): object {
  const rules = [{ matches: [{ path: { value: path } }], backendRefs: [{ name: "one", port: 80 }] }];
  const spec = { parentRefs: [{ name: "gw" }], rules };
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: meta("route"), spec };
}

const routeGeneration = ({ status }: World): unknown => {
  const list = JSON.parse(readFileSync(status, "utf8")) as { items: { kind: string; status: unknown }[] };
  const route = list.items.find(({ kind }) => kind === "HTTPRoute")?.status as {
    parents: { conditions: { observedGeneration: number; status: string }[] }[];
  };
  return route.parents[0]?.conditions.map(({ observedGeneration, status }) => `${status} ${observedGeneration}`);
};

test("a folder is served; an edit is applied as a whole; a mistake changes nothing", async (t) => {
  const world = await createWorld(t);
  const gateway = startGateway(t, world);
  const ready = await gateway.next("ready");
  assert.deepEqual(ready, {
    ready: true,
    listeners: [{ name: `gateway/127.0.0.1:${world.port}`, address: "127.0.0.1", port: world.port }],
  });
  assert.equal((await httpGet(`${world.url}/one/x`)).text, "one /one/x");
  assert.equal((await httpGet(`${world.url}/two`)).status, 404);
  assert.deepEqual(routeGeneration(world), ["True 1", "True 1"]);

  world.put("route.json", routeTo("/two"));
  assert.deepEqual(await gateway.next("applied"), { applied: 2, changed: ["HTTPRoute default/route"] });
  assert.equal((await httpGet(`${world.url}/two`)).text, "one /two");
  assert.equal((await httpGet(`${world.url}/one`)).status, 404);
  assert.deepEqual(routeGeneration(world), ["True 2", "True 2"]);

  world.put("route.json", routeTo("/three"));
  world.put("wrong.yaml", "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 0 }] }\n");
  const { refused } = await gateway.next("refused");
  assert.deepEqual(refused, [
    { file: "wrong.yaml", line: 4, path: "spec.ports[0].port", message: "must be 1 to 65535" },
  ]);
  assert.equal((await httpGet(`${world.url}/two`)).text, "one /two");

  rmSync(join(world.folder, "wrong.yaml"));
  await gateway.next("applied");
  assert.equal((await httpGet(`${world.url}/three`)).text, "one /three");

  const taken = createServer();
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  t.after(() => taken.close());
  world.put("gateway.json", gatewayOn((taken.address() as AddressInfo).port));
  const told = JSON.stringify((await gateway.next("refused")).refused);
  assert.match(told, /the port is taken/);
  assert.equal((await httpGet(`${world.url}/three`)).text, "one /three");

  const other = await freePort();
  world.put("gateway.json", gatewayOn(other));
  await gateway.next("applied");
  assert.equal((await httpGet(`http://127.0.0.1:${other}/three`)).text, "one /three");
  await assert.rejects(httpGet(`${world.url}/three`), /ECONNREFUSED/);
  assert.equal(await gateway.end(), 0);
  await assert.rejects(httpGet(`http://127.0.0.1:${other}/three`), /ECONNREFUSED/);
});

test("what it does not know is told and left out; a second gateway on the folder is refused", async (t) => {
  const world = await createWorld(t);
  world.put("more.yaml", "apiVersion: example.com/v1\nkind: Bucket\nmetadata: { name: files }\n");
  const gateway = startGateway(t, world);
  await gateway.next("ready");
  assert.match(gateway.errors(), /more\.yaml:2: the kind Bucket is not used/);
  const second = startGateway(t, world);
  assert.deepEqual(await once(second.child, "exit"), [1, null]);
  assert.match(second.errors(), /runs a gateway on .* already \(ALREADY_RUNNING\)|ALREADY_RUNNING/);
  assert.equal((await httpGet(`${world.url}/one`)).text, "one /one");
});

test("a folder with a mistake is not served, and every mistake is told", async (t) => {
  const world = await createWorld(t);
  world.put("wrong.json", "{");
  world.put("odd.yml", "- 1\n");
  const gateway = startGateway(t, world);
  assert.deepEqual(await once(gateway.child, "exit"), [2, null]);
  const [line] = gateway.lines as unknown as { refused: { file: string }[] }[];
  assert.deepEqual(new Set(line?.refused.map(({ file }) => file)), new Set(["odd.yml", "wrong.json"]));
  await assert.rejects(httpGet(world.url), /ECONNREFUSED/);
});

test("killed with kill -9 it is away while the workers serve on, and the next one takes them over", async (t) => {
  const world = await createWorld(t);
  const first = startGateway(t, world);
  await first.next("ready");
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  assert.equal((await httpGet(`${world.url}/one`)).text, "one /one");
  world.put("wrong.json", "{");
  assert.deepEqual(await once(startGateway(t, world).child, "exit"), [2, null]);
  assert.equal((await httpGet(`${world.url}/one`)).text, "one /one");
  rmSync(join(world.folder, "wrong.json"));
  world.put("route.json", routeTo("/two"));
  const second = startGateway(t, world);
  await second.next("ready");
  assert.equal((await httpGet(`${world.url}/two`)).text, "one /two");
  assert.equal(await second.end(), 0);
  await assert.rejects(httpGet(world.url), /ECONNREFUSED/);
});

// TLS to endpoints over real sockets: who is not the one that was asked for gets not a byte of a request.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { UpstreamTlsPlan } from "../../plan/proxy-plan.js";
import {
  ask,
  clusterPlan,
  edgeListener,
  endpointAt,
  planOf,
  type RunningProxy,
  startProxy,
  startService,
} from "../proxy-fixture.test.js";
import { CertificateStore } from "./certificate-store.js";
import { certificateOne, certificateTwo } from "./certificates-fixture.test.js";

const one = "0123456789abcdef.pem";
const two = "fedcba9876543210.pem";
const trusted: UpstreamTlsPlan = { serverName: "one.example", ca: one };

const planWith = (tls: UpstreamTlsPlan, version = 1) =>
  planOf([edgeListener("echo")], [clusterPlan("echo", { tls })], version);

async function proxyTo(t: TestContext, port: number, tls: UpstreamTlsPlan): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "tusk-upstream-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, one), certificateOne);
  writeFileSync(join(folder, two), certificateTwo);
  const certificates = new CertificateStore(folder);
  return startProxy(t, planWith(tls), { echo: [endpointAt(port)] }, { certificates });
}

interface Secure {
  readonly port: number;
  readonly seen: { connections: number; requests: number; serverName: string };
}

async function startSecure(t: TestContext): Promise<Secure> {
  const seen = { connections: 0, requests: 0, serverName: "" };
  const server = createServer({ cert: certificateOne, key: certificateOne }, (_incoming, response) => {
    seen.requests++;
    response.end("x".repeat(200_000));
  });
  server.on("secureConnection", (socket) => {
    seen.connections++;
    seen.serverName = String(socket.servername);
  });
  server.on("tlsClientError", () => {});
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, seen };
}

describe("TLS to an endpoint", () => {
  it("is verified, asks for the name, and keeps its connection", async (t) => {
    const { port, seen } = await startSecure(t);
    const proxy = await proxyTo(t, port, trusted);
    for (let count = 0; count < 3; count++) {
      const { status, body } = await ask(proxy.port("edge/caller/echo"));
      assert.deepEqual([status, body.length], [200, 200_000]);
    }
    assert.deepEqual(seen, { connections: 1, requests: 3, serverName: "one.example" });
  });

  const refused: [what: string, tls: UpstreamTlsPlan][] = [
    ["another authority", { ...trusted, ca: two }],
    ["another name", { ...trusted, serverName: "two.example" }],
    ["the system's authorities", { serverName: "one.example" }],
  ];
  for (const [what, tls] of refused) {
    it(`is refused with its own code for ${what}`, async (t) => {
      const { port, seen } = await startSecure(t);
      const proxy = await proxyTo(t, port, tls);
      const { status, body } = await ask(proxy.port("edge/caller/echo"));
      assert.deepEqual([status, JSON.parse(body).code, seen.requests], [502, "UPSTREAM_TLS_FAILED", 0]);
    });
  }

  it("never becomes plain where the endpoint speaks no TLS", async (t) => {
    let requests = 0;
    const port = await startService(t, (_incoming, response) => {
      requests++;
      response.end();
    });
    const proxy = await proxyTo(t, port, trusted);
    const { status, body } = await ask(proxy.port("edge/caller/echo"));
    assert.deepEqual([status, JSON.parse(body).code, requests], [502, "UPSTREAM_TLS_FAILED", 0]);
  });

  it("uses no connection that was verified by what the plan trusts no more", async (t) => {
    const { port } = await startSecure(t);
    const proxy = await proxyTo(t, port, trusted);
    assert.equal((await ask(proxy.port("edge/caller/echo"))).status, 200);
    assert.equal(proxy.dataPlane.applyPlan(planWith({ ...trusted, ca: two }, 2)).type, "acknowledged");
    assert.equal((await ask(proxy.port("edge/caller/echo"))).status, 502);
    assert.equal(proxy.dataPlane.applyPlan(planWith(trusted, 3)).type, "acknowledged");
    assert.equal((await ask(proxy.port("edge/caller/echo"))).status, 200);
  });

  it("a plan with files that are not there, or with an address for a name, is refused", async (t) => {
    const proxy = await proxyTo(t, 1, trusted);
    for (const tls of [{ ...trusted, ca: "00000000.pem" }, { serverName: "127.0.0.1" }, { ...trusted, ca: "../x" }])
      assert.equal(proxy.dataPlane.applyPlan(planWith(tls, 2)).type, "refused");
  });
});

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readJson } from "../system/atomic-file.js";
import { createPortLeases, defaultRange, type PortLeases } from "./port-leases.js";

describe("port leases", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tusk-leases-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const claims = (): string => join(root, "claims");
  const leasesOf = (app: string, range?: [number, number]): PortLeases =>
    createPortLeases({
      stateFolder: join(root, app, ".tusk"),
      claimsFolder: claims(),
      appFolder: join(root, app),
      ...(range && { range }),
    });

  test("a key keeps its port, in this object and in the next", () => {
    const leases = leasesOf("a");
    const port = leases.lease("instance/users-1");
    assert.equal(leases.lease("instance/users-1"), port);
    assert.equal(leasesOf("a").lease("instance/users-1"), port);
    assert.deepEqual(leasesOf("a").all(), new Map([["instance/users-1", port]]));
  });

  test("keys and apps get different ports", () => {
    const small: [number, number] = [29_900, 29_903];
    const ports = [
      leasesOf("a", small).lease("x"),
      leasesOf("a", small).lease("y"),
      leasesOf("b", small).lease("x"),
      leasesOf("b", small).lease("y"),
    ];
    assert.equal(new Set(ports).size, 4);
    assert.throws(() => leasesOf("c", small).lease("x"), { code: "PORT_IN_USE" });
  });

  test("a port on which somebody listens is not leased", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    try {
      assert.throws(() => leasesOf("a", [port, port]).lease("x"), { code: "PORT_IN_USE" });
    } finally {
      server.close();
    }
  });

  test("the preferred port is taken when it is free, else another", () => {
    assert.equal(leasesOf("a").lease("x", 29_950), 29_950);
    assert.notEqual(leasesOf("b").lease("x", 29_950), 29_950);
  });

  test("a copied folder does not take the original's ports along, a renamed one takes them over", () => {
    const original = leasesOf("a");
    const port = original.lease("edge/orders/users");
    cpSync(join(root, "a"), join(root, "copy"), { recursive: true });
    const copy = leasesOf("copy");
    assert.equal(copy.all().size, 0);
    assert.notEqual(copy.lease("edge/orders/users"), port);
    assert.equal(leasesOf("a").lease("edge/orders/users"), port);
    renameSync(join(root, "a"), join(root, "renamed"));
    assert.equal(leasesOf("renamed").lease("edge/orders/users"), port);
  });

  test("release gives the port back to other apps", () => {
    const one: [number, number] = [29_960, 29_960];
    const leases = leasesOf("a", one);
    leases.lease("x");
    assert.throws(() => leasesOf("b", one).lease("x"));
    leases.release("x");
    assert.equal(leasesOf("b", one).lease("x"), 29_960);
    leases.release("never leased");
  });

  test("releaseAll leaves no claim and no lease", () => {
    const leases = leasesOf("a");
    leases.lease("x");
    leases.lease("y");
    leases.releaseAll();
    assert.deepEqual(readdirSync(claims()), []);
    assert.equal(leases.all().size, 0);
  });

  test("assign moves a port from one key to another and frees the other's own", () => {
    const leases = leasesOf("a");
    const old = leases.lease("instance/users-1");
    const port = leases.lease("instance/users-1+");
    leases.assign("instance/users-1", port);
    assert.deepEqual(leases.all(), new Map([["instance/users-1", port]]));
    assert.deepEqual(readdirSync(claims()), [String(port)]);
    assert.notEqual(old, port);
  });

  test("claims of an app that is gone, and torn ones, are taken over", () => {
    const two: [number, number] = [29_970, 29_971];
    const leases = leasesOf("gone", two);
    leases.lease("x");
    leases.lease("y");
    rmSync(join(root, "gone"), { recursive: true });
    writeFileSync(join(claims(), "29971"), "{");
    const next = leasesOf("b", two);
    assert.deepEqual([next.lease("x"), next.lease("y")].sort(), [29_970, 29_971]);
  });

  for (const [name, text] of Object.entries({
    "not JSON": "{{{",
    empty: "",
    "another shape": '{"leases":[1,2]}',
    "values that are no ports": '{"leases":{"a":-1,"b":"80","c":1e9,"d":null}}',
    null: "null",
  })) {
    test(`a damaged leases.json (${name}) means no leases`, () => {
      mkdirSync(join(root, "a", ".tusk"), { recursive: true });
      writeFileSync(join(root, "a", ".tusk", "leases.json"), text);
      const leases = leasesOf("a");
      const port = leases.lease("x");
      assert.deepEqual(readJson(join(root, "a", ".tusk", "leases.json")), {
        format: 1,
        leases: Object.fromEntries([...leases.all()]),
      });
      assert.ok(port > 1023);
    });
  }

  test("a claims folder that another made as a link is refused", () => {
    mkdirSync(join(root, "elsewhere"));
    symlinkSync(join(root, "elsewhere"), claims());
    assert.throws(() => leasesOf("a"), { code: "STATE_DAMAGED" });
  });

  test("the range lies outside the ephemeral one", () => {
    assert.deepEqual(defaultRange([32_768, 60_999]), [20_000, 29_999]);
    assert.deepEqual(defaultRange([15_000, 60_999]), [5000, 14_999]);
    assert.deepEqual(defaultRange([1024, 40_000]), [40_001, 65_535]);
  });
});

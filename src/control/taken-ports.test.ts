import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { PortLeases } from "../orchestrator/port-leases.js";
import { writeJsonAtomic } from "../system/atomic-file.js";
import { bootId, identify } from "../system/proc.js";
import { releaseTakenPorts } from "./taken-ports.js";

function leasesOf(entries: Readonly<Record<string, number>>): PortLeases {
  const held = new Map(Object.entries(entries));
  const unused = (): never => assert.fail("nothing is leased here");
  return {
    lease: unused,
    assign: unused,
    release: (key) => void held.delete(key),
    releaseAll: unused,
    all: () => new Map(held),
  };
}

/** In this process, which is no data plane of the app unless its runtime folder says so. */
async function listeningPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

test("a mesh port on which a stranger listens is given back, no other", async (t) => {
  const [edge, egress, instance] = await Promise.all([listeningPort(t), listeningPort(t), listeningPort(t)]);
  const leases = leasesOf({ "edge/a/b": edge, "egress/a": egress, "edge/a/c": 1, "instance/a-1": instance });
  releaseTakenPorts(leases, temporaryFolder(t));
  assert.deepEqual([...leases.all().keys()], ["edge/a/c", "instance/a-1"]);
});

test("what the app's own worker listens on is kept; a worker that is gone holds nothing", async (t) => {
  const port = await listeningPort(t);
  const runtime = temporaryFolder(t);
  const leases = leasesOf({ "edge/a/b": port });
  writeJsonAtomic(`${runtime}/workers.json`, [identify(process.pid)]);
  releaseTakenPorts(leases, runtime);
  assert.equal(leases.all().size, 1);
  writeJsonAtomic(`${runtime}/workers.json`, [{ pid: spawnSync("true").pid, startTicks: 1, bootId: bootId() }]);
  releaseTakenPorts(leases, runtime);
  assert.equal(leases.all().size, 0);
});

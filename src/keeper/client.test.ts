import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import { serveJson } from "../system/json-server.js";
import { connectKeeper } from "./client.js";
import type { KeeperAnswer, KeeperNotice, KeeperRequest } from "./protocol.js";

const worker = { slot: 1, pid: 4711, startTicks: 1, socket: "/nowhere", state: "serving" } as const;

test("a worker that begins to serve right behind the hello is not forgotten for the list that lacks it", async (t) => {
  const socketPath = join(temporaryFolder(t), "keeper.sock");
  const server = await serveJson<KeeperRequest, KeeperAnswer, KeeperNotice>({
    path: socketPath,
    onRequest: (_, connection) => {
      // Written behind the answer, in the same turn, so that both are read at once.
      queueMicrotask(() => queueMicrotask(() => connection.notify({ type: "worker-started", worker, replaces: null })));
      return { type: "hello", keeperPid: 1, workers: [], listeners: [] };
    },
  });
  const told: string[] = [];
  const all = new Promise<void>((resolve) => {
    const tell = (what: string): void => {
      told.push(what);
      if (told.length === 2) resolve();
    };
    void connectKeeper({
      socketPath,
      restart: null,
      onNotice: (notice) => tell(notice.type),
      onConnected: (workers) => tell(`${workers.length} workers`),
    }).then((client) => t.after(() => client.close()));
  });
  t.after(() => server.close());
  await all;
  assert.deepEqual(told, ["0 workers", "worker-started"]);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { tryBind } from "./ports.js";

test("a port is free, in use, or at an address that this machine has not", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  assert.equal(await tryBind("127.0.0.1", address.port), "in-use");
  assert.equal(await tryBind("127.0.0.1", 0), "free");
  // Of TEST-NET-1, which no machine has.
  assert.equal(await tryBind("192.0.2.1", 0), "no-such-address");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopbackHost } from "./guard.js";

test("loopback names pass, everything else does not", () => {
  for (const host of ["localhost", "LOCALHOST:80", "127.0.0.1:4321", "127.1.2.3", "[::1]", "[::1]:80"]) {
    assert.ok(isLoopbackHost(host), host);
  }
  const others = [
    undefined,
    "",
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1:80:90",
    "127.0.0.1@evil.example",
    "[::2]",
    "[::1].evil.example",
    "192.168.0.1",
    "0.0.0.0",
    "localhost:port",
    " localhost",
  ];
  for (const host of others) assert.ok(!isLoopbackHost(host), String(host));
});

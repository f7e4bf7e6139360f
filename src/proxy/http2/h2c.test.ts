// HTTP/2 without TLS, by prior knowledge, against Node's own client.
import assert from "node:assert/strict";
import { connect } from "node:http2";
import { it } from "node:test";
import { clusterPlan, endpointAt, gatewayListener, planOf, startProxy, startService } from "../proxy-fixture.test.js";

it("a plain listener serves HTTP/2 to who begins with its preface", async (t) => {
  const service = await startService(t, (incoming, response) => {
    incoming.resume();
    incoming.on("end", () => response.end(`${incoming.method} ${incoming.url} ${incoming.headers.host}`));
  });
  const plan = planOf([gatewayListener("echo")], [clusterPlan("echo")]);
  const proxy = await startProxy(t, plan, { echo: [endpointAt(service)] });
  const client = connect(`http://127.0.0.1:${proxy.port("gateway/main")}`);
  t.after(() => client.destroy());
  const stream = client.request({ ":method": "POST", ":path": "/x?y", ":authority": "a.example" });
  stream.end(Buffer.alloc(300_000));
  let text = "";
  stream.setEncoding("utf8");
  for await (const part of stream) text += part;
  assert.equal(text, "POST /x?y a.example");
});

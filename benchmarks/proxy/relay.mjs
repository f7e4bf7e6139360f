// What node:net itself costs: bytes from one socket to the other, no HTTP. `node relay.mjs PORT UPSTREAM_PORT`.
import { connect, createServer } from "node:net";

const [port, upstream] = process.argv.slice(2).map(Number);
createServer({ noDelay: true }, (client) => {
  const service = connect({ host: "127.0.0.1", port: upstream, noDelay: true });
  client.on("data", (chunk) => service.write(chunk) || client.pause()).on("drain", () => service.resume());
  service.on("data", (chunk) => client.write(chunk) || service.pause()).on("drain", () => client.resume());
  client.on("error", () => {}).on("close", () => service.destroy());
  service.on("error", () => {}).on("close", () => client.destroy());
}).listen(port, "127.0.0.1");

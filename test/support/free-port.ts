// A port of loopback that nobody listens on now. For a gateway's fixed port in a spec; everything else binds port 0.
import { once } from "node:events";
import { createServer } from "node:net";

/** The system may give the same port twice as long as nobody listens on it. */
const given = new Set<number>();

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  if (given.has(address.port)) return freePort();
  given.add(address.port);
  return address.port;
}

// The admin API's listening socket: loopback, any free port.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { AdminApp } from "./app.js";

export interface AdminServerOptions {
  readonly app: AdminApp;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

export interface AdminServer {
  /** `http://127.0.0.1:43121` */
  readonly url: string;
  /** Ends open streams and refuses new requests; resolves when every answer that was begun is sent, or after 1 s. */
  close(): Promise<void>;
}

const closeLimitMs = 1_000;
/** More than any set of tools on one machine needs, few enough that idle ones cost nothing. */
const maxConnections = 512;

export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { app, host = "127.0.0.1", port = 0 } = options;
  const server = createAdaptorServer({
    fetch: (request) => app.fetch(request),
    createServer,
    // The SDK runs this inside a program of the user's, whose globals are not ours to replace.
    overrideGlobalObjects: false,
  }) as Server;
  server.maxConnections = maxConnections;
  await listen(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  const name = host.includes(":") ? `[${host}]` : host;
  return { url: `http://${name}:${taken}`, close: () => close(server, app) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server, app: AdminApp): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.closeAllConnections(), closeLimitMs);
    server.close(() => {
      clearTimeout(limit);
      resolve();
    });
    app.closeStreams();
    server.closeIdleConnections();
  });
}

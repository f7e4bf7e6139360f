// The TLS handshake of accepted connections, with the protocol that both sides speak best. Knows nothing of requests.
import type { Socket } from "node:net";
import type { SecureContext, Server, TLSSocket } from "node:tls";
import { loadTls } from "./lazy-builtins.js";
import type { ListenerTls } from "./listener-tls.js";

export interface TlsAcceptorOptions {
  readonly tls: ListenerTls;
  readonly onHttp1: (socket: TLSSocket, serverName: string) => void;
  readonly onHttp2: (socket: TLSSocket, serverName: string) => void;
}

const handshakeMs = 10_000;

export class TlsAcceptor {
  readonly tls: ListenerTls;
  /** Never listens: connections are handed to it. */
  readonly #server: Server;

  constructor({ tls, onHttp1, onHttp2 }: TlsAcceptorOptions) {
    this.tls = tls;
    this.#server = loadTls().createServer({
      ...(tls.fallback === null ? {} : { cert: tls.fallback, key: tls.fallback }),
      minVersion: "TLSv1.2",
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: handshakeMs,
      SNICallback: (serverName, answer) => choose(tls, serverName, answer),
    });
    this.#server.on("secureConnection", (socket) => {
      const serverName = typeof socket.servername === "string" ? socket.servername.toLowerCase() : "";
      if (socket.alpnProtocol === "h2") onHttp2(socket, serverName);
      else onHttp1(socket, serverName);
    });
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
  }

  accept(socket: Socket): void {
    // What ends a connection before there is one that is ours.
    socket.on("error", () => {});
    this.#server.emit("connection", socket);
  }
}

type AnswerSni = (error: Error | null, context?: SecureContext) => void;

function choose(tls: ListenerTls, serverName: string, answer: AnswerSni): void {
  const context = tls.contextFor(serverName);
  if (context === null) answer(new Error("no listener serves this name"));
  else answer(null, context);
}

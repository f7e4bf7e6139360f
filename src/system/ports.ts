// Whether a TCP port can be bound here and now. Only a hint: another process may take it a moment later.
import { createServer } from "node:net";

export type BindResult = "free" | "in-use" | "denied" | "no-such-address";

export function tryBind(host: string, port: number): Promise<BindResult> {
  return new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve("in-use");
      else if (error.code === "EACCES") resolve("denied");
      else resolve("no-such-address");
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve("free")));
  });
}

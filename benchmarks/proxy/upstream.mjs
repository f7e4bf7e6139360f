// The services behind every proxy, with more than one core of room. `http1`: nginx with a small answer and two files, at every address of loopback
// and reachable from nowhere else. `grpc`: two processes of node:http2.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runNginx } from "./peers/nginx.mjs";
import { freePort, untilListening } from "./workspace.mjs";

const starts = { http1: startHttp1, grpc: startGrpc };

export const startUpstream = (workspace, kind = "http1") => starts[kind](workspace);

async function startHttp1(workspace) {
  const files = join(workspace.folder, "files");
  mkdirSync(files);
  writeFileSync(join(files, "64k"), Buffer.alloc(64 * 1024, "x"));
  writeFileSync(join(files, "1m"), Buffer.alloc(1024 * 1024, "x"));
  const port = await freePort();
  const server = `server { listen 0.0.0.0:${port} backlog=4096 reuseport; allow 127.0.0.0/8; deny all; sendfile on; root ${files};
    location ~ /small$ { default_type text/plain; return 200 "hello"; } }`;
  // Two workers: thirty thousand connections are more descriptors than one may have on many a machine.
  return runNginx(workspace, "upstream", { port, server, workers: 2 });
}

async function startGrpc(workspace) {
  const port = await freePort();
  const script = fileURLToPath(new URL("grpc-upstream.mjs", import.meta.url));
  const child = workspace.start(process.execPath, [script, String(port)]);
  await untilListening(port);
  return { port, pid: child.pid };
}

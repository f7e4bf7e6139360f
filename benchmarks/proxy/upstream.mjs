// The service behind every proxy: nginx with a small answer and two files.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startNginx } from "./nginx.mjs";

export function startUpstream(workspace) {
  const files = join(workspace.folder, "files");
  mkdirSync(files);
  writeFileSync(join(files, "64k"), Buffer.alloc(64 * 1024, "x"));
  writeFileSync(join(files, "1m"), Buffer.alloc(1024 * 1024, "x"));
  return startNginx(
    workspace,
    "upstream",
    (port) => `server { listen 127.0.0.1:${port} backlog=4096; sendfile on; root ${files};
    location = /small { default_type text/plain; return 200 "hello"; } }`,
  );
}

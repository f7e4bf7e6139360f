// nginx as it is set up for the comparison: one worker, no access log, connections kept alive on both sides.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, untilListening } from "./workspace.mjs";

export async function startNginx(workspace, name, server) {
  const port = await freePort();
  const folder = join(workspace.folder, name);
  mkdirSync(folder);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const configuration = `
worker_processes 1; daemon off; master_process on; error_log /dev/null crit; pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; tcp_nodelay on; ${temporary.join(" ")}
  ${server(port)}
}`;
  writeFileSync(join(folder, "nginx.conf"), configuration);
  const child = workspace.start("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")]);
  await untilListening(port);
  return { port, pid: child.pid };
}

// nginx as it is set up for the comparison: one worker, no access log, connections kept alive on both sides.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, untilListening } from "../workspace.mjs";

export const nginx = { command: "nginx", version: "-v", start };

export async function runNginx(workspace, name, { port, server, workers = 1 }) {
  const folder = join(workspace.folder, `${name}-${port}`);
  mkdirSync(folder);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const configuration = `
worker_processes ${workers}; daemon off; master_process on; error_log /dev/null crit; pid ${folder}/nginx.pid;
worker_rlimit_nofile 70000;
events { worker_connections 65536; }
http {
  access_log off; proxy_max_temp_file_size 0; keepalive_requests 1000000000; keepalive_timeout 300s; tcp_nodelay on; ${temporary.join(" ")}
  ${server}
}`;
  writeFileSync(join(folder, "nginx.conf"), configuration);
  const child = workspace.start("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")]);
  await untilListening(port);
  return { port, pid: child.pid };
}

async function start(workspace, scenario) {
  const port = await freePort();
  const { tls, protocol, services, routes, policies } = scenario;
  const upstreams = services.map((service) => upstreamOf(service, policies));
  const secure = tls
    ? `ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.3; ssl_session_cache shared:s:1m;`
    : "";
  const kind = `${tls ? " ssl" : ""}${protocol === "http1" ? "" : " http2"}`;
  const server = `${upstreams.join("\n")}
  server {
    listen 127.0.0.1:${port} backlog=4096${kind}; ${secure}
    http2_max_concurrent_streams 128;
    ${protocol === "grpc" ? grpcHeaders : httpHeaders}
    ${policies ? policyLines : ""}
    ${routes.map((route) => locationOf(route, protocol)).join("\n    ")}
  }`;
  return runNginx(workspace, "nginx", { port, server });
}

function upstreamOf({ name, endpoints }, policies) {
  const limits = policies ? " max_fails=5 fail_timeout=5s max_conns=1024" : "";
  const servers = endpoints.map(({ address, port }) => `server ${address}:${port}${limits};`);
  const kept = Math.max(256, endpoints.length);
  const balancer = endpoints.length > 1 ? "random two least_conn;" : "";
  return `upstream ${name} { zone ${name} ${endpoints.length > 1 ? "32m" : "256k"}; ${balancer} ${servers.join(" ")} keepalive ${kept}; keepalive_requests 1000000000; }`;
}

function locationOf({ path, header, service }, protocol) {
  const condition = header ? `if ($http_${header.name.replaceAll("-", "_")} != "${header.value}") { return 404; }` : "";
  const pass = protocol === "grpc" ? `grpc_pass grpc://${service};` : `proxy_pass http://${service};`;
  return `location ${path} { ${condition} ${pass} }`;
}

const policyLines = `proxy_connect_timeout 1s; proxy_read_timeout 15s; proxy_next_upstream_tries 3;
    proxy_next_upstream error timeout http_502 http_503 http_504;`;

const httpHeaders = `proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Request-ID $request_id;`;

const grpcHeaders = `grpc_set_header X-Forwarded-For $remote_addr; grpc_set_header X-Forwarded-Proto $scheme;
    grpc_set_header X-Forwarded-Host $http_host; grpc_set_header X-Request-ID $request_id;`;

// Who is compared. Each forwards every path to the upstream over connections that it keeps, and adds the usual
// forwarding headers.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNginx } from "./nginx.mjs";
import { startTusk } from "./tusk-worker.mjs";
import { freePort, untilListening } from "./workspace.mjs";

const isOnPath = (command) => spawnSync("which", [command]).status === 0;

async function startProgram(workspace, command, args, port) {
  const child = workspace.start(command, args);
  await untilListening(port);
  return { port, pid: child.pid };
}

function startNginxProxy(workspace, upstream) {
  return startNginx(
    workspace,
    "nginx",
    (port) => `upstream service { server 127.0.0.1:${upstream.port}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Request-ID $request_id;
    }
  }`,
  );
}

async function startRelay(workspace, upstream) {
  const port = await freePort();
  const script = fileURLToPath(new URL("relay.mjs", import.meta.url));
  return startProgram(workspace, process.execPath, [script, String(port), String(upstream.port)], port);
}

async function startHaproxy(workspace, upstream) {
  const port = await freePort();
  const file = join(workspace.folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 1s
  timeout client 72s
  timeout server 72s
  option forwardfor
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-Proto http
  default_backend out
backend out
  server one 127.0.0.1:${upstream.port}
`,
  );
  return startProgram(workspace, "haproxy", ["-f", file], port);
}

async function startCaddy(workspace, upstream) {
  const port = await freePort();
  const file = join(workspace.folder, "Caddyfile");
  writeFileSync(
    file,
    `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  reverse_proxy 127.0.0.1:${upstream.port}
}
`,
  );
  return startProgram(workspace, "caddy", ["run", "--config", file, "--adapter", "caddyfile"], port);
}

async function startEnvoy(workspace, upstream) {
  const port = await freePort();
  const at = (number) => ({ socket_address: { address: "127.0.0.1", port_value: number } });
  const type = (name) => `type.googleapis.com/envoy.extensions.filters.${name}`;
  const manager = {
    "@type": type("network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "in",
    use_remote_address: true,
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "service" } }] },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": type("http.router.v3.Router") } }],
  };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: at(upstream.port) } }] }];
  const configuration = {
    static_resources: {
      listeners: [{ address: at(port), filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }] }],
      clusters: [{ name: "service", connect_timeout: "1s", load_assignment: { cluster_name: "service", endpoints } }],
    },
  };
  const file = join(workspace.folder, "envoy.json");
  writeFileSync(file, JSON.stringify(configuration));
  return startProgram(workspace, "envoy", ["-c", file, "--concurrency", "1", "--log-level", "off"], port);
}

const peers = [
  { name: "nginx", command: "nginx", start: startNginxProxy },
  { name: "haproxy", command: "haproxy", start: startHaproxy },
  { name: "envoy", command: "envoy", start: startEnvoy },
  { name: "caddy", command: "caddy", start: startCaddy },
  { name: "raw relay", command: process.execPath, start: startRelay },
  { name: "tusk", command: process.execPath, start: startTusk },
];

export async function startPeers(workspace, upstream) {
  const started = [];
  for (const { name, command, start } of peers) {
    if (!command.startsWith("/") && !isOnPath(command)) continue;
    started.push({ name, ...(await start(workspace, upstream)) });
  }
  return started;
}

// HAProxy: one thread, connections to services shared by all clients.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cipher } from "../certificate.mjs";
import { freePort, startProgram } from "../workspace.mjs";

export const haproxy = { command: "haproxy", version: "-v", start };

async function start(workspace, scenario) {
  const port = await freePort();
  const file = join(workspace.folder, `haproxy-${port}.cfg`);
  writeFileSync(file, configurationOf(scenario, port));
  return startProgram(workspace, "haproxy", ["-f", file], port);
}

function configurationOf({ tls, protocol, services, routes, policies }, port) {
  const secure = tls ? ` ssl crt ${tls.pem} ssl-min-ver TLSv1.3 ciphersuites ${cipher}` : "";
  const clients = protocol === "http1" ? "" : " proto h2";
  return `global
  nbthread 1
  maxconn 8192
  tune.h2.max-concurrent-streams 128
defaults
  mode http
  timeout connect 1s
  timeout client 72s
  timeout server ${policies ? "15s" : "72s"}
  option forwardfor
  http-reuse always
  balance leastconn
  ${policies ? "retries 2\n  option redispatch\n  retry-on conn-failure empty-response 502 503 504" : ""}
frontend in
  bind 127.0.0.1:${port}${secure}${clients}
  http-request set-header X-Forwarded-Proto ${tls ? "https" : "http"}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Request-ID %[uuid()]
${routes.map(ruleOf).join("\n")}
${services.map((service) => backendOf(service, { protocol, policies })).join("\n")}
`;
}

function ruleOf({ path, header, service }) {
  if (path === "/" && !header) return `  default_backend ${service}`;
  const matches = header ? ` { req.hdr(${header.name}) -m str ${header.value} }` : "";
  return `  use_backend ${service} if { path_beg ${path} }${matches}`;
}

function backendOf({ name, endpoints }, { protocol, policies }) {
  const options = `${protocol === "grpc" ? " proto h2" : ""}${policies ? " maxconn 1024" : ""}`;
  const servers = endpoints.map(({ address, port }, index) => `  server s${index} ${address}:${port}${options}`);
  return `backend ${name}\n${servers.join("\n")}`;
}

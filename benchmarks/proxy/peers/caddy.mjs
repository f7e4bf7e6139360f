// Caddy, with its administration and automatic certificates switched off.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startProgram } from "../workspace.mjs";

export const caddy = { command: "caddy", version: "version", start };

async function start(workspace, scenario) {
  const port = await freePort();
  const file = join(workspace.folder, `Caddyfile-${port}`);
  writeFileSync(file, configurationOf(scenario, port));
  // One processor, as the others have one thread.
  const environment = { GOMAXPROCS: "1", XDG_DATA_HOME: workspace.folder, XDG_CONFIG_HOME: workspace.folder };
  return startProgram(workspace, "caddy", ["run", "--config", file, "--adapter", "caddyfile"], port, environment);
}

function configurationOf(scenario, port) {
  const { tls, protocol, routes } = scenario;
  const address = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
  const secure = tls ? `tls ${tls.cert} ${tls.key} {\n protocols tls1.3\n }` : "";
  return `{
  admin off
  auto_https off
  servers {
    protocols ${protocol === "http1" ? "h1" : "h1 h2c"}
  }
  log {
    output discard
  }
}
${address} {
  ${secure}
  ${routes.map((route, index) => routeOf(route, index, scenario)).join("\n")}
}
`;
}

function routeOf({ path, header, service }, index, { services, protocol, policies }) {
  const { endpoints } = services.find(({ name }) => name === service);
  const scheme = protocol === "grpc" ? "h2c://" : "";
  const targets = endpoints.map((endpoint) => `${scheme}${endpoint.address}:${endpoint.port}`).join(" ");
  const matcher = header ? `@m${index} {\n path ${path}*\n header ${header.name} ${header.value}\n }\n` : "";
  const policy = policies ? " {\n lb_policy least_conn\n lb_try_duration 1s\n fail_duration 5s\n max_fails 5\n }" : "";
  return `${matcher}reverse_proxy ${header ? `@m${index} ` : ""}${targets}${policy}`;
}

// Envoy with one worker thread.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startProgram } from "../workspace.mjs";

export const envoy = { command: "envoy", version: "--version", start };

const typeAt = (name) => `type.googleapis.com/envoy.extensions.${name}`;
const addressOf = ({ address, port }) => ({ socket_address: { address, port_value: port } });

async function start(workspace, scenario) {
  const port = await freePort();
  const file = join(workspace.folder, `envoy-${port}.json`);
  writeFileSync(file, JSON.stringify(configurationOf(scenario, port)));
  const args = ["-c", file, "--concurrency", "1", "--log-level", "off", "--use-dynamic-base-id"];
  return startProgram(workspace, "envoy", args, port);
}

function configurationOf(scenario, port) {
  const manager = {
    "@type": typeAt("filters.network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "in",
    use_remote_address: true,
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: scenario.routes.map((route) => routeOf(route, scenario)) },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": typeAt("filters.http.router.v3.Router") } }],
  };
  const chain = { filters: [{ name: "http", typed_config: manager }], ...secured(scenario.tls) };
  return {
    static_resources: {
      listeners: [{ address: addressOf({ address: "127.0.0.1", port }), filter_chains: [chain] }],
      clusters: scenario.services.map((service) => clusterOf(service, scenario)),
    },
  };
}

function routeOf({ path, header, service }, { policies }) {
  const headers = header ? [{ name: header.name, string_match: { exact: header.value } }] : [];
  const retry = {
    retry_on: "connect-failure,refused-stream,reset,retriable-status-codes",
    num_retries: 2,
    retriable_status_codes: [502, 503, 504],
  };
  const policy = policies ? { timeout: "15s", retry_policy: retry } : {};
  return { match: { prefix: path, headers }, route: { cluster: service, ...policy } };
}

function clusterOf({ name, endpoints }, { protocol, policies }) {
  const lb_endpoints = endpoints.map((endpoint) => ({ endpoint: { address: addressOf(endpoint) } }));
  return {
    name,
    connect_timeout: "1s",
    lb_policy: "LEAST_REQUEST",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] },
    circuit_breakers: { thresholds: [{ max_connections: 20_000, max_pending_requests: 1024, max_requests: 1024 }] },
    ...(policies ? { outlier_detection: { consecutive_5xx: 5, base_ejection_time: "5s" } } : {}),
    ...(protocol === "grpc" ? { typed_extension_protocol_options: http2ToServices } : {}),
  };
}

const http2ToServices = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": typeAt("upstreams.http.v3.HttpProtocolOptions"),
    explicit_http_config: { http2_protocol_options: {} },
  },
};

function secured(tls) {
  if (!tls) return {};
  const certificate = { certificate_chain: { filename: tls.cert }, private_key: { filename: tls.key } };
  return {
    transport_socket: {
      name: "tls",
      typed_config: {
        "@type": typeAt("transport_sockets.tls.v3.DownstreamTlsContext"),
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
          tls_certificates: [certificate],
        },
      },
    },
  };
}

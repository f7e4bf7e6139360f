// The rows of the table: what is set up, what is asked, and what we want to reach.
import { manyEndpoints, manyRoutes, manyRoutesToOne, oneService, requestsFor } from "./scenario.mjs";

/** CPU of `subject` at most so many times that of `against`; the median over the rounds of one against the other. */
const atMost = (ratio, against, subject = "tusk") => ({ ratio, against, subject });

const everybody = ["nginx", "haproxy", "envoy", "caddy", "relay", "tusk"];
const httpPeers = everybody.filter((name) => name !== "relay");
const get = (path) => ({ tool: "wrk", requests: [{ path, headers: {} }] });

const entries = (names, scenario) => names.map((peer) => ({ name: peer, peer, scenario }));

const secured = (scenario) => (upstream, certificate) => ({ ...scenario(upstream), tls: certificate });
const speaking = (protocol, scenario) => (upstream) => ({ ...scenario(upstream), protocol });
const withPolicies = (scenario) => (upstream) => ({ ...scenario(upstream), policies: true });

const small = "small configuration";

/** `upstream`: which of the services the peers stand in front of. */
export const rows = [
  {
    name: "small",
    title: "Small GET, one route",
    load: get("/small"),
    entries: entries(everybody, oneService),
    goals: [atMost(1.5, "nginx"), atMost(0.5, "envoy")],
  },
  {
    name: "routes",
    title: "64 routes with header matches to 64 services, default policies",
    load: { tool: "wrk", requests: requestsFor(64) },
    entries: entries(httpPeers, withPolicies(manyRoutes(64))),
    goals: [atMost(2, "nginx"), atMost(0.6, "envoy")],
  },
  {
    name: "tls",
    title: "Small GET over TLS 1.3",
    load: { ...get("/small"), isTls: true },
    entries: entries(httpPeers, secured(oneService)),
    goals: [atMost(2, "nginx"), atMost(1, "envoy")],
  },
  {
    name: "64k",
    title: "64 KiB answers",
    load: get("/64k"),
    entries: entries(everybody, oneService),
    goals: [atMost(1.5, "nginx")],
  },
  {
    name: "1m",
    title: "1 MiB answers",
    load: get("/1m"),
    entries: entries(everybody, oneService),
    goals: [atMost(1.5, "nginx")],
  },
  {
    name: "http2",
    title: "HTTP/2 from clients, HTTP/1.1 to services",
    load: { tool: "h2load", requests: [{ path: "/small", headers: {} }] },
    entries: entries(httpPeers, speaking("http2", oneService)),
    goals: [atMost(1, "envoy")],
  },
  {
    name: "grpc",
    title: "gRPC, unary calls",
    upstream: "grpc",
    load: { tool: "h2load", requests: [{ path: "/bench.Echo/Call", headers: {} }], isGrpc: true },
    entries: entries(httpPeers, speaking("grpc", oneService)),
    goals: [atMost(1, "caddy"), { ...atMost(1, "envoy"), isStretch: true }],
  },
  {
    name: "endpoints",
    title: "10,000 endpoints instead of one",
    load: get("/small"),
    // Each endpoint has its connection then.
    leadSeconds: 6,
    entries: scaled(oneService, manyEndpoints(10_000)),
    goals: [atMost(1.2, `tusk, ${small}`)],
  },
  {
    name: "thousand-routes",
    title: "1,000 routes instead of one",
    load: { tool: "wrk", requests: requestsFor(1_000) },
    entries: scaled(oneService, manyRoutesToOne(1_000)),
    goals: [atMost(1.2, `tusk, ${small}`)],
  },
];

function scaled(one, many) {
  return ["nginx", "envoy", "tusk"].flatMap((peer) => [
    { name: `${peer}, ${small}`, peer, scenario: one },
    { name: peer, peer, scenario: many },
  ]);
}

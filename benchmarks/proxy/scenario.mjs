// What every peer of a row is set up to do, in terms that each can be told in its own language: services with their
// endpoints, and routes to them. `tls`: null or the certificate; `protocol`: what clients speak.

/** `http2`: by prior knowledge, to services over HTTP/1.1. `grpc`: HTTP/2 on both sides. */
const base = { protocol: "http1", tls: null, policies: false };

const nameOf = (index) => `service-${index}`;

export const oneService = ({ port }) => ({
  ...base,
  services: [{ name: nameOf(0), endpoints: [{ address: "127.0.0.1", port }] }],
  routes: [{ path: "/", header: null, service: nameOf(0) }],
});

/** Each route has a path and a header of its own, and a service of its own. */
export const manyRoutes = (count) => (upstream) => {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const addressOf = (index) => `127.0.${1 + (index >> 7)}.${1 + (index & 127)}`;
  return {
    ...base,
    services: indexes.map((index) => ({
      name: nameOf(index),
      endpoints: [{ address: addressOf(index), port: upstream.port }],
    })),
    routes: indexes.map((index) => ({ ...matchOf(index), service: nameOf(index) })),
  };
};

/** The same routes, all to one service. */
export const manyRoutesToOne = (count) => (upstream) => {
  const { services } = oneService(upstream);
  const routes = Array.from({ length: count }, (_, index) => ({ ...matchOf(index), service: nameOf(0) }));
  return { ...base, services, routes };
};

export const manyEndpoints = (count) => (upstream) => ({
  ...base,
  services: [{ name: nameOf(0), endpoints: endpointsAt(upstream.port, count) }],
  routes: [{ path: "/", header: null, service: nameOf(0) }],
});

/** Addresses of loopback, all of them the one upstream. */
export function endpointsAt(port, count) {
  return Array.from({ length: count }, (_, index) => ({
    address: `127.${1 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${1 + (index % 250)}`,
    port,
  }));
}

const matchOf = (index) => ({
  path: `/api/resource-${index}/`,
  header: { name: "x-tenant", value: `tenant-${index}` },
});

/** One request for each of so many routes. */
export function requestsFor(count) {
  return Array.from({ length: count }, (_, index) => {
    const { path, header } = matchOf(index);
    return { path: `${path}small`, headers: { [header.name]: header.value } };
  });
}

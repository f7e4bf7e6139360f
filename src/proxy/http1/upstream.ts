// The client codec: one pool of connections for each life of an endpoint. Knows nothing of routes and retries.
import type { Deadlines } from "../deadlines.js";
import type { Upstream } from "../exchange.js";
import { EndpointPool } from "./endpoint-pool.js";
import { SendingRequest } from "./sending-request.js";

/** Of endpoints that leave together: to close a connection takes longer than to serve a request. */
const closedAtOnce = 50;

export function createUpstream(deadlines: Deadlines): Upstream {
  const pools = new Map<string, EndpointPool>();
  const leaving: EndpointPool[] = [];
  const closeSome = (): void => {
    for (const pool of leaving.splice(0, closedAtOnce)) pool.forget();
    if (leaving.length > 0) setImmediate(closeSome);
  };
  return {
    send(target, request, listener) {
      let pool = pools.get(target.key);
      // What was verified by other authorities, or not at all, is for no further request.
      if (pool !== undefined && pool.tls !== target.tls) {
        this.forget(target.key);
        pool = undefined;
      }
      if (pool === undefined) {
        pool = new EndpointPool(target, deadlines);
        pools.set(target.key, pool);
      }
      const sending = new SendingRequest(request, listener, pool);
      pool.send(sending);
      return sending;
    },
    forget(key) {
      const pool = pools.get(key);
      if (pool === undefined) return;
      pools.delete(key);
      if (leaving.push(pool) === 1) setImmediate(closeSome);
    },
    async close() {
      for (const pool of leaving.splice(0)) pool.destroy();
      for (const pool of pools.values()) pool.destroy();
      pools.clear();
    },
  };
}

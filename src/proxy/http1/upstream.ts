// The client codec: one pool of connections for each life of an endpoint. Knows nothing of routes and retries.
import type { Deadlines } from "../deadlines.js";
import type { Upstream } from "../exchange.js";
import { EndpointPool } from "./endpoint-pool.js";
import { SendingRequest } from "./sending-request.js";

export function createUpstream(deadlines: Deadlines): Upstream {
  const pools = new Map<string, EndpointPool>();
  return {
    send(target, request, listener) {
      let pool = pools.get(target.key);
      if (pool === undefined) {
        pool = new EndpointPool(target, deadlines);
        pools.set(target.key, pool);
      }
      const sending = new SendingRequest(request, listener, pool);
      pool.send(sending);
      return sending;
    },
    forget(key) {
      pools.get(key)?.forget();
      pools.delete(key);
    },
    async close() {
      for (const pool of pools.values()) pool.destroy();
      pools.clear();
    },
  };
}

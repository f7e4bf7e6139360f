// A running admin API over the control plane in memory, closed when the test ends.
import type { TestContext } from "node:test";
import { createAdminApp } from "../../src/api/app.js";
import { type AdminClient, createAdminClient } from "../../src/api/client.js";
import { type AdminServer, startAdminServer } from "../../src/api/server.js";
import { MemoryControlPlane } from "./control-plane.js";

export interface ServedControlPlane {
  readonly control: MemoryControlPlane;
  readonly server: AdminServer;
  readonly client: AdminClient;
  readonly token: string;
  /** What the API reported as defects of its own. */
  readonly defects: unknown[];
  /** One more server in front of the same control plane. */
  serveAgain(): Promise<AdminServer>;
}

export async function serveControlPlane(t: TestContext): Promise<ServedControlPlane> {
  const control = new MemoryControlPlane();
  const token = "a-token-for-tests";
  const defects: unknown[] = [];
  const onDefect = (error: unknown): void => void defects.push(error);
  const serveAgain = async (): Promise<AdminServer> => {
    const app = createAdminApp({ control, token, version: "1.2.3", clock: control.clock, onDefect });
    const server = await startAdminServer({ app });
    t.after(() => server.close());
    return server;
  };
  const server = await serveAgain();
  t.after(() => control.close());
  return { control, server, token, defects, serveAgain, client: createAdminClient({ url: server.url, token }) };
}

// stripe-mock, Stripe's own stand-in for its API: answers by Stripe's OpenAPI description and keeps no state.
import { join } from "node:path";
import type { TestContext } from "node:test";
import { freePort } from "./free-port.js";
import { startServerProcess } from "./server-process.js";
import { fetchTool, type Tool } from "./test-tools.js";

const version = "v0.203.0";

/** The program; built by `go install` the first time, which takes about half a minute. */
export async function findStripeMock(): Promise<Tool> {
  const tool = await fetchTool({
    name: `stripe-mock-${version}`,
    needs: [["go", "Go"]],
    argv: () => ["go", "install", `github.com/stripe/stripe-mock@${version}`],
    env: (folder) => ({ GOBIN: folder }),
  });
  return "path" in tool ? { path: join(tool.path, "stripe-mock") } : tool;
}

export interface StripeMock {
  readonly url: string;
  start(): Promise<void>;
}

/** Chooses the port; away until `start`. */
export async function createStripeMock(t: TestContext, program: string): Promise<StripeMock> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const start = async (): Promise<void> => {
    const server = await startServerProcess([program, "-http-addr", address], { cwd: "/", port });
    t.after(() => server.kill());
  };
  return { url: `http://${address}`, start };
}

/** Its base URL. */
export async function startStripeMock(t: TestContext, program: string): Promise<string> {
  const mock = await createStripeMock(t, program);
  await mock.start();
  return mock.url;
}

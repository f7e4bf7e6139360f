// The relay of node:net: what the runtime itself costs, without HTTP.
import { fileURLToPath } from "node:url";
import { freePort, startProgram } from "../workspace.mjs";

export const relay = {
  command: process.execPath,
  problem: ({ services }) => (services.length === 1 ? null : "it knows no routes"),
  async start(workspace, { services }) {
    const port = await freePort();
    const script = fileURLToPath(new URL("../relay.mjs", import.meta.url));
    const [endpoint] = services[0].endpoints;
    return startProgram(workspace, process.execPath, [script, String(port), String(endpoint.port)], port);
  },
};

// Who is compared. Each is set up for the same services, routes and policies, forwards over connections that it keeps,
// and adds the usual forwarding headers. `problem`: why it cannot take part in a scenario, or null.
import { spawnSync } from "node:child_process";
import { caddy } from "./caddy.mjs";
import { envoy } from "./envoy.mjs";
import { haproxy } from "./haproxy.mjs";
import { nginx } from "./nginx.mjs";
import { relay } from "./relay-peer.mjs";
import { tusk } from "./tusk.mjs";

const peers = { nginx, haproxy, envoy, caddy, relay, tusk };

export function problemOf(name, scenario) {
  const { command, problem = () => null } = peers[name];
  if (spawnSync("which", [command]).status !== 0) return `${command} is not installed`;
  return problem(scenario);
}

export const startPeer = (name, workspace, scenario) => peers[name].start(workspace, scenario);

/** Of those that are installed: name and version. */
export function versions() {
  return Object.entries(peers).flatMap(([name, { command, version }]) => {
    if (version === undefined || spawnSync("which", [command]).status !== 0) return [];
    const { stdout, stderr } = spawnSync(command, [version]);
    const [found] = /\d+\.\d+[.\d]*/.exec(`${stdout}${stderr}`.replace(/[0-9a-f]{40}\//, "")) ?? ["?"];
    return [`${name} ${found}`];
  });
}

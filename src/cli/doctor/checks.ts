// The checks of `tusk doctor`, each a judgement on what was found out. Pure: the looking is in examine.ts.
import type { Problem } from "../../base/errors.js";
import { maxSocketPathBytes, platformLogsName } from "../../system/app-folder.js";
import { isNewEnough } from "../supported-system.js";

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint?: string;
}

/** From the app's folder. */
const platformLog = (process: string): string => `.tusk/logs/${platformLogsName}/${process}.log`;

const good = (name: string, detail: string): Check => ({ name, ok: true, detail });
const bad = (name: string, detail: string, hint: string): Check => ({ name, ok: false, detail, hint });

export function checkPlatform(system: { readonly platform: string; readonly nodeVersion: string }): Check[] {
  const { platform, nodeVersion } = system;
  return [
    platform === "linux"
      ? good("system", "Linux")
      : bad("system", platform, "Tusk runs on Linux: it watches processes through /proc"),
    isNewEnough(nodeVersion) ? good("node", nodeVersion) : bad("node", nodeVersion, "install Node 20.19 or later"),
  ];
}

export interface PythonFound {
  /** Null: there is no python3. */
  readonly version: string | null;
  readonly hasVenv: boolean;
}

/** Only services in Python need it, so its absence is no fault. */
export function checkPython({ version, hasVenv }: PythonFound): Check {
  if (version === null) return good("python", "not found; only services in Python need it");
  if (hasVenv) return good("python", `${version} with venv`);
  return bad("python", `${version} without venv`, "install python3-venv, or uv: services in Python need one of them");
}

export interface PortsFound {
  readonly range: readonly [first: number, last: number];
  readonly ephemeral: readonly [first: number, last: number];
}

export function checkPorts({ range, ephemeral }: PortsFound): Check {
  const text = `instances get ${range.join("-")}`;
  const overlaps = range[0] <= ephemeral[1] && ephemeral[0] <= range[1];
  if (!overlaps) return good("ports", `${text}; the kernel hands out ${ephemeral.join("-")}`);
  const hint = "narrow net.ipv4.ip_local_port_range: an outgoing connection may take an instance's port";
  return bad("ports", `${text}, which the kernel hands out too`, hint);
}

/** Gateway addresses that another process has; looked at only while the app does not run. */
export function checkGatewayPorts(taken: readonly { readonly port: number; readonly holder: string }[]): Check {
  const [first] = taken;
  if (first === undefined) return good("gateway ports", "free");
  const hint = "stop it, or set another port under `gateway: { port: … }`";
  return bad("gateway ports", `port ${first.port} is held by ${first.holder}`, hint);
}

export interface StateFound {
  readonly folder: string;
  readonly writable: boolean;
  /** Permission bits; null: there is no token yet. */
  readonly tokenMode: number | null;
  /** Bytes of the longest socket path. */
  readonly socketPathBytes: number;
}

export function checkState({ folder, writable, tokenMode, socketPathBytes }: StateFound): Check[] {
  const checks = [
    writable
      ? good("state folder", folder)
      : bad("state folder", `${folder} is not writable`, "check its owner and mode"),
    socketPathBytes <= maxSocketPathBytes
      ? good("runtime folder", "socket paths are short enough")
      : bad("runtime folder", `a socket path would be ${socketPathBytes} bytes long`, "set TMPDIR to a shorter path"),
  ];
  if (tokenMode === null) return checks;
  const isPrivate = (tokenMode & 0o077) === 0;
  const shown = (tokenMode & 0o777).toString(8).padStart(4, "0");
  const token = isPrivate
    ? good("token", `mode ${shown}`)
    : bad("token", `mode ${shown}: others can read it`, "chmod 600 .tusk/token");
  return [...checks, token];
}

export type ControllerFound =
  | { readonly state: "absent" }
  | { readonly state: "stale"; readonly pid: number }
  | { readonly state: "damaged"; readonly reason: string }
  | { readonly state: "silent"; readonly pid: number; readonly reason: string }
  | { readonly state: "running"; readonly pid: number; readonly version: string; readonly url: string };

export function checkController(found: ControllerFound, ownVersion: string): Check {
  const name = "controller";
  if (found.state === "absent") return good(name, "not running");
  if (found.state === "damaged") return bad(name, found.reason, "`tusk doctor --prune` removes the record");
  if (found.state === "stale") {
    return bad(name, `its record names pid ${found.pid}, which is gone`, "`tusk up` goes on, `tusk down` cleans up");
  }
  if (found.state === "silent") {
    return bad(name, `pid ${found.pid} does not answer: ${found.reason}`, `see ${platformLog("controller")}`);
  }
  const { pid, version, url } = found;
  if (version === ownVersion) return good(name, `pid ${pid} at ${url}`);
  return bad(name, `pid ${pid} is version ${version}, this command is ${ownVersion}`, "`tusk down`, then `tusk up`");
}

export interface DataPlaneFound {
  readonly keeper: boolean;
  readonly workers: number;
  readonly controller: boolean;
}

export function checkDataPlane({ keeper, workers, controller }: DataPlaneFound): Check {
  const name = "keeper and workers";
  if (!keeper && !controller) return workers === 0 ? good(name, "not running") : lost(`${workers} workers, no keeper`);
  if (!keeper) return lost("the keeper does not answer");
  if (!controller) return lost("the keeper runs without a controller");
  if (workers === 0) return lost("there is no proxy worker");
  return good(name, `keeper and ${workers} ${workers === 1 ? "worker" : "workers"}`);
  function lost(detail: string): Check {
    return bad(name, detail, `see ${platformLog("keeper")}; \`tusk down\` and \`tusk up\` start them anew`);
  }
}

export function checkSpec(problems: readonly Problem[]): Check {
  const [first] = problems;
  if (first === undefined) return good("spec", "valid");
  const place = [first.file, first.line].filter((part) => part !== undefined).join(":");
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
  return bad("spec", `${place ? `${place}: ` : ""}${first.message}${more}`, "`tusk validate` lists every problem");
}

/** Processes and files that nobody owns any more. */
export function checkLeftovers(left: readonly string[]): Check {
  if (left.length === 0) return good("leftovers", "none");
  return bad("leftovers", left.join(", "), "`tusk up` adopts them, `tusk down` or `tusk doctor --prune` ends them");
}

// Finds out what `tusk doctor` judges: this machine, the app's folder, its controller and data plane. Changes nothing.
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf, type Problem, TuskError } from "../../base/errors.js";
import type { ProcessEntry } from "../../control/control-plane.js";
import { findSpecFile, loadSpecFile } from "../../control/spec-file.js";
import { findLeftovers, type Leftover } from "../../orchestrator/leftovers.js";
import { defaultRange } from "../../orchestrator/port-leases.js";
import { type AppFolder, type ControllerRecord, readController } from "../../system/app-folder.js";
import { readJson } from "../../system/atomic-file.js";
import { tryBind } from "../../system/ports.js";
import { portHolders } from "../../system/proc.js";
import { version } from "../../system/version.js";
import { connectTo, keeperAnswers, tryConnect } from "../connect.js";
import { describeRemains, findRemains, type Remains } from "../leftovers.js";
import { findStrayControllers } from "../stray-controllers.js";
import {
  type Check,
  type ControllerFound,
  checkController,
  checkDataPlane,
  checkGatewayPorts,
  checkLeftovers,
  checkPlatform,
  checkPorts,
  checkPython,
  checkSpec,
  checkState,
  type PythonFound,
} from "./checks.js";

export interface Examination {
  readonly checks: readonly Check[];
  readonly processes: readonly ProcessEntry[];
  readonly remains: Remains;
}

export async function examineMachine(): Promise<Check[]> {
  const ephemeral = ephemeralRange();
  return [
    ...checkPlatform({ platform: process.platform, nodeVersion: process.versions.node }),
    checkPython(await findPython()),
    checkPorts({ range: defaultRange(ephemeral), ephemeral }),
  ];
}

export async function examineApp(folder: AppFolder): Promise<Examination> {
  // A controller that was just killed is waited for: the keeper starts the next one.
  const controller = await findController(folder);
  const isAlive = controller.state === "running" || controller.state === "silent";
  const remains: Remains = isAlive ? besideTheController(folder) : await findRemains(folder);
  const processes = controller.state === "running" ? await listProcesses(folder) : processesOf(remains);
  const spec = await findSpecProblems(folder);
  const keeper = await keeperAnswers(folder);
  const workers = processes.filter(({ role }) => role === "worker").length;
  return {
    checks: [
      checkSpec(spec.problems),
      ...checkState(lookAtState(folder)),
      checkController(controller, version),
      checkDataPlane({ keeper, workers, controller: isAlive }),
      ...(isAlive || keeper ? [] : [checkGatewayPorts(await takenPorts(spec.listeners))]),
      checkLeftovers(describeRemains(remains)),
    ],
    processes,
    remains,
  };
}

function ephemeralRange(): readonly [number, number] {
  const text = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
  const [low = 32_768, high = 60_999] = text.trim().split(/\s+/).map(Number);
  return [low, high];
}

function findPython(): Promise<PythonFound> {
  const script = "import sys, venv, ensurepip; print(sys.version.split()[0])";
  return new Promise((resolve) => {
    execFile("python3", ["-c", script], { timeout: 10_000 }, (failed, venvVersion) => {
      if (!failed) return resolve({ version: venvVersion.trim(), hasVenv: true });
      execFile("python3", ["--version"], { timeout: 10_000 }, (absent, text) =>
        resolve({ version: absent ? null : text.trim().replace(/^Python /, ""), hasVenv: false }),
      );
    });
  });
}

async function findController(folder: AppFolder): Promise<ControllerFound> {
  try {
    // Without its state folder nobody will write down where a controller answers: nothing to wait for.
    const connection = existsSync(folder.state) ? await tryConnect(folder) : null;
    if (connection === null) return recordedController(folder);
    const { record, client } = connection;
    const { version: running } = await client.alive();
    return { state: "running", pid: record.pid, version: running, url: record.url };
  } catch (error) {
    const record = livingRecord(folder);
    if (record) return { state: "silent", pid: record.pid, reason: messageOf(error) };
    return { state: "damaged", reason: messageOf(error) };
  }
}

function livingRecord(folder: AppFolder): ControllerRecord | null {
  try {
    return readController(folder);
  } catch {
    // Damaged: the caller reports the error that brought it here.
    return null;
  }
}

function recordedController(folder: AppFolder): ControllerFound {
  const record = readJson(folder.files.controller) as { pid?: unknown } | undefined;
  return typeof record?.pid === "number" ? { state: "stale", pid: record.pid } : { state: "absent" };
}

async function listProcesses(folder: AppFolder): Promise<readonly ProcessEntry[]> {
  const record = readController(folder);
  return record ? connectTo(folder, record).client.processes() : [];
}

/** Nobody's, whatever becomes of the controller that runs this app. */
function besideTheController(folder: AppFolder): Remains {
  const instances = findLeftovers(folder.key).filter(({ app }) => app !== folder.key);
  return { controllers: findStrayControllers(folder), dataPlane: [], instances, files: [] };
}

function processesOf({ controllers, dataPlane, instances }: Remains): ProcessEntry[] {
  const own = ({ instance, processes }: Leftover): ProcessEntry[] =>
    processes.map(({ pid }) => ({ role: "instance", pid, name: instance }));
  const lost = controllers.map(({ pid }): ProcessEntry => ({ role: "controller", pid, name: "controller" }));
  return [...lost, ...dataPlane, ...instances.flatMap(own)];
}

interface SpecFound {
  readonly problems: readonly Problem[];
  readonly listeners: readonly { readonly host: string; readonly port: number }[];
}

async function findSpecProblems(folder: AppFolder): Promise<SpecFound> {
  try {
    const file = await findSpecFile(folder.root);
    // An app that a program started may have no file.
    if (file === null) return { problems: [], listeners: [] };
    const { spec } = await loadSpecFile(file);
    return { problems: [], listeners: spec.gateway.listeners };
  } catch (error) {
    const listed = error instanceof TuskError ? error.problems : [];
    const problems = listed.length > 0 ? listed : [{ path: "", message: messageOf(error) }];
    return { problems, listeners: [] };
  }
}

async function takenPorts(listeners: SpecFound["listeners"]): Promise<{ port: number; holder: string }[]> {
  const taken = [];
  for (const { host, port } of listeners) {
    if (port === 0 || (await tryBind(host, port)) === "free") continue;
    const [first] = portHolders(port);
    taken.push({ port, holder: first ? `pid ${first.pid} (${first.command.slice(0, 80)})` : "another user's process" });
  }
  return taken;
}

function lookAtState(folder: AppFolder) {
  return {
    folder: folder.state,
    writable: isWritable(folder.state) ?? isWritable(folder.root) ?? false,
    tokenMode: statSync(folder.files.token, { throwIfNoEntry: false })?.mode ?? null,
    socketPathBytes: Buffer.byteLength(join(folder.runtime, "worker-00.sock")),
  };
}

/** Null: it is not there. */
function isWritable(path: string): boolean | null {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? null : false;
  }
}

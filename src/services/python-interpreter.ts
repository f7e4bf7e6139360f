// Which tools make a Python environment on this machine: the interpreter, and uv when it is on PATH. Names what is
// missing together with the command that installs it. Makes nothing.
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { TuskError } from "../base/errors.js";
import { runTool } from "./run-tool.js";

type Environment = Readonly<Record<string, string | undefined>>;

export interface PythonInterpreter {
  /** Absolute path of the real interpreter, behind version managers' shims and outside of any environment. */
  readonly path: string;
  /** `3.11.7` */
  readonly version: string;
  /** `linux-x86_64` */
  readonly platform: string;
  /** Absent on Debian and Ubuntu without the package python3-venv. */
  readonly hasVenv: boolean;
}

/** Generated code needs this much. */
export const oldestPython = [3, 11] as const;

const question = `
import json, sys, sysconfig
try:
    import ensurepip, venv
    has_venv = True
except ImportError:
    has_venv = False
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "platform": sysconfig.get_platform(),
    "hasVenv": has_venv,
}))`;

/** Throws ENVIRONMENT_FAILED when there is no python3 on PATH or it is too old. */
export async function findPython(env: Environment, cwd: string): Promise<PythonInterpreter> {
  const command = findOnPath("python3", env);
  if (command === null) {
    throw new TuskError("ENVIRONMENT_FAILED", "there is no python3 on PATH", {
      hint: "install Python 3.11 or later; on Debian and Ubuntu: sudo apt-get install python3 python3-venv",
    });
  }
  const { code, stdout, tail } = await runTool([command, "-I", "-c", question], { env: isolated(env), cwd });
  if (code !== 0) {
    throw new TuskError("ENVIRONMENT_FAILED", `${command} does not run: ${tail.at(-1) ?? `it ended with ${code}`}`);
  }
  const found = JSON.parse(stdout) as PythonInterpreter;
  requireRecent(found);
  return found;
}

function requireRecent({ path, version }: PythonInterpreter): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = oldestPython;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new TuskError(
    "ENVIRONMENT_FAILED",
    `${path} is Python ${version}; ${oldestPython.join(".")} or later is needed`,
    {
      hint: "install a newer Python and put it first on PATH",
    },
  );
}

/** Throws ENVIRONMENT_FAILED with the package that is missing. */
export function requireVenv({ version, hasVenv }: PythonInterpreter): void {
  if (hasVenv) return;
  const minor = version.split(".").slice(0, 2).join(".");
  throw new TuskError("ENVIRONMENT_FAILED", `Python ${version} has no venv: its module ensurepip is missing`, {
    hint: `sudo apt-get install python3-venv (or python${minor}-venv), or install uv`,
  });
}

export function findOnPath(name: string, env: Environment): string | null {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not ours to run: the next folder of PATH may have one.
    return false;
  }
}

const foreign = ["PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "VIRTUAL_ENV", "CONDA_PREFIX"];
const elsewhere = ["PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT", "PIP_PYTHON"];

/** Without the variables that make Python look, or pip install, somewhere else. Indexes and proxies stay. */
export function isolated(env: Environment): Environment {
  const dropped = new Set([...foreign, ...elsewhere, "UV_PROJECT_ENVIRONMENT", "UV_PYTHON"]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !dropped.has(name)));
}

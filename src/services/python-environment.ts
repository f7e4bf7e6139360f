// A Python environment with exactly the packages of one lock file, made once for each content and used from the cache
// after that. An environment is in use only through a link that is set when it is whole, so that kill -9 at any point
// leaves nothing half made in use; a lock lets one process make it while others wait for that one.
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../base/clock.js";
import { TuskError } from "../base/errors.js";
import { systemClock } from "../system/clock.js";
import { acquireLock, type FileLock } from "../system/lock.js";
import { linksFolderOf } from "./environment-link.js";
import { noteUse, pruneEnvironments } from "./environment-pruning.js";
import { findOnPath, findPython, isolated, type PythonInterpreter, requireVenv } from "./python-interpreter.js";
import { runTool, type ToolResult } from "./run-tool.js";

type Environment = Readonly<Record<string, string | undefined>>;

export interface PythonEnvironmentOptions {
  /** Where PATH, XDG_CACHE_HOME and the settings of pip and uv are read from. Default: this process's. */
  readonly env?: Environment;
  /** What is being done now, for a person who waits; silent when the environment is in the cache. */
  readonly onProgress?: (step: string) => void;
  /** Every line that pip or uv prints, without credentials. */
  readonly onOutput?: (line: string) => void;
  /** Ends the making; nothing half made is left in use. */
  readonly signal?: AbortSignal;
  /** By which use is noted and unused ones are removed. Default: the machine's. */
  readonly clock?: Pick<Clock, "now">;
}

export interface PythonEnvironment {
  /** Absolute; holds `bin/python`. Stays the same for the same packages and interpreter. */
  readonly folder: string;
  /** Absolute. */
  readonly python: string;
  /** `3.11.7` */
  readonly version: string;
  /** 32 hex digits over the packages and the interpreter. */
  readonly hash: string;
  /** It was there already. */
  readonly reused: boolean;
}

interface Making extends PythonEnvironmentOptions {
  readonly env: Environment;
  readonly cache: string;
  readonly hash: string;
  readonly requirements: string;
  readonly interpreter: PythonInterpreter;
}

/**
 * The environment for a requirements file; made when it is not in the cache yet, and then others that were not used for
 * long are removed.
 * Throws ENVIRONMENT_FAILED with what the tool printed, or with the package that is missing on this machine;
 * NOT_FOUND when there is no such file; INTERRUPTED when aborted.
 */
export async function ensurePythonEnvironment(
  requirementsFile: string,
  options: PythonEnvironmentOptions = {},
): Promise<PythonEnvironment> {
  const env = options.env ?? process.env;
  const requirements = resolve(requirementsFile);
  const text = readRequirements(requirements);
  const cache = environmentsFolder(env);
  mkdirSync(cache, { recursive: true });
  const interpreter = await findPython(env, cache);
  const hash = environmentHash(text, interpreter);
  const making: Making = { ...options, env, cache, hash, requirements, interpreter };
  const folder = join(cache, hash);
  const clock = options.clock ?? systemClock;
  noteUse(folder, clock.now());
  const reused = isUsable(folder) || !(await makeOnce(making, folder));
  if (!reused) {
    noteUse(folder, clock.now());
    await prune(making, clock.now());
  }
  return { folder, python: join(folder, "bin/python"), version: interpreter.version, hash, reused };
}

/** `$XDG_CACHE_HOME/tusk/envs`, else `~/.cache/tusk/envs`. */
export function environmentsFolder(env: Environment): string {
  const given = env.XDG_CACHE_HOME ?? "";
  // The XDG specification has relative paths ignored.
  const base = isAbsolute(given) ? given : join(env.HOME || homedir(), ".cache");
  return join(base, "tusk/envs");
}

/** Comments and blank lines are no content. */
export function environmentHash(requirements: string, interpreter: PythonInterpreter): string {
  const lines = requirements.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim());
  const content = lines.filter((line) => line !== "").join("\n");
  const { path, version, platform } = interpreter;
  return createHash("sha256")
    .update(JSON.stringify([content, path, version, platform]))
    .digest("hex")
    .slice(0, 32);
}

/** With the text of every file that it includes: a change in one of those is a change of content too. */
function readRequirements(file: string, seen: ReadonlySet<string> = new Set()): string {
  if (seen.has(file)) return "";
  const text = readText(file);
  const included = [...text.matchAll(/^\s*(?:-r|-c|--requirement|--constraint)[\s=]*([^\s#]+)/gm)];
  const parts = included.map(([, path = ""]) =>
    readRequirements(resolve(dirname(file), path), new Set([...seen, file])),
  );
  return [text, ...parts].join("\n");
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new TuskError("NOT_FOUND", `${file} cannot be read`, { cause });
  }
}

/** The link is there only for a whole environment; the interpreter behind it may have been removed since. */
const isUsable = (folder: string): boolean => existsSync(join(folder, "bin/python"));

/** False when another process made it while this one waited. */
async function makeOnce(making: Making, folder: string): Promise<boolean> {
  const lock = await waitForLock(making);
  try {
    if (isUsable(folder)) return false;
    removeUnused(making, null);
    const place = `${making.hash}.${randomBytes(4).toString("hex")}`;
    await build(making, join(making.cache, place));
    publish(making.cache, place, making.hash);
    return true;
  } finally {
    removeUnused(making, linkedFolder(folder));
    lock.release();
  }
}

async function waitForLock(making: Making): Promise<FileLock> {
  const path = join(making.cache, `${making.hash}.lock`);
  for (let attempt = 0; ; attempt++) {
    const held = acquireLock(path);
    if ("lock" in held) return held.lock;
    if (attempt === 0) making.onProgress?.(`process ${held.holder.pid} is making this environment; waiting for it`);
    await delay(100, undefined, { signal: making.signal }).catch((cause) => {
      throw new TuskError("INTERRUPTED", "ended while another process made the environment", { cause });
    });
  }
}

/** What killed makers left. Only with the lock held. */
function removeUnused({ cache, hash }: Making, used: string | null): void {
  const kept = [used, linksFolderOf(hash)];
  const left = readdirSync(cache).filter((name) => name.startsWith(`${hash}.`) && !name.startsWith(`${hash}.lock`));
  for (const name of left) if (!kept.includes(name)) rmSync(join(cache, name), { recursive: true, force: true });
}

/** The environment that was asked for is there: what cannot be removed stays, and is said. */
async function prune({ cache, onOutput }: Making, nowMs: number): Promise<void> {
  try {
    const removed = await pruneEnvironments(cache, nowMs);
    if (removed.length > 0) onOutput?.(`removed ${removed.length} environments that were not used for 30 days`);
  } catch (error) {
    onOutput?.(`unused environments were not removed: ${(error as Error).message}`);
  }
}

function linkedFolder(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    // Nothing was published.
    return null;
  }
}

/** The one step by which an environment comes into use. */
function publish(cache: string, place: string, hash: string): void {
  const link = join(cache, `${place}.link`);
  symlinkSync(place, link);
  renameSync(link, join(cache, hash));
}

async function build(making: Making, folder: string): Promise<void> {
  const uv = findOnPath("uv", making.env);
  if (uv === null) requireVenv(making.interpreter);
  making.onProgress?.(
    `making a Python ${making.interpreter.version} environment with ${uv === null ? "venv and pip" : "uv"}`,
  );
  try {
    for (const argv of uv === null ? withPip(making, folder) : withUv(uv, making, folder)) await runStep(making, argv);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

// Bytecode is left to the first start, which needs a part of it; compiling all takes a third of the time of an install.
function withPip({ interpreter, requirements }: Making, folder: string): string[][] {
  const pip = [join(folder, "bin/python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"];
  return [
    [interpreter.path, "-m", "venv", folder],
    [...pip, "--progress-bar", "off", "--no-compile", "-r", requirements],
  ];
}

function withUv(uv: string, { interpreter, requirements }: Making, folder: string): string[][] {
  const python = join(folder, "bin/python");
  return [
    [uv, "venv", "--python", interpreter.path, folder],
    [uv, "pip", "install", "--python", python, "-r", requirements],
  ];
}

async function runStep({ env, cache, onOutput, signal }: Making, argv: readonly string[]): Promise<void> {
  const result = await runTool(argv, {
    env: isolated(env),
    cwd: cache,
    ...(onOutput && { onLine: onOutput }),
    ...(signal && { signal }),
  });
  if (result.code !== 0) throw failed(argv, result);
}

const unreachable =
  /Temporary failure in name resolution|NameResolutionError|Name or service not known|Network is unreachable|Failed to establish a new connection|ConnectTimeout|Connection refused|ProxyError|dns error|tcp connect error/i;

function failed(argv: readonly string[], { code, tail }: ToolResult): TuskError {
  const isOffline = tail.some((line) => unreachable.test(line));
  const said = tail.findLast((line) => /^\s*(error|×|╰)/i.test(line)) ?? tail.at(-1) ?? `exit code ${code}`;
  const message = isOffline
    ? "the Python packages could not be downloaded: the package index is not reachable"
    : `the Python environment could not be made: ${said}`;
  const hint = isOffline
    ? "the first environment of its kind needs a network; later ones come from the cache"
    : "the last lines of the output are listed";
  const problems = tail.slice(-8).map((line) => ({ path: "", message: line }));
  return new TuskError("ENVIRONMENT_FAILED", message, { hint, problems, details: { argv, code } });
}

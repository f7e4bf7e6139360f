// Programs that tests use and that are no part of the product: fetched once into a cache of their own by the tools of
// their makers, or named as missing. Nothing here is needed for a run without them: those tests say why they are skipped.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { runCommand } from "./command.js";

export type Tool = { readonly path: string } | { readonly missing: string };

export function findProgram(name: string): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? null;
}

export interface Fetch {
  /** Name of the folder in the cache; holds the version. */
  readonly name: string;
  /** What must be on PATH, and which package has it. */
  readonly needs: readonly (readonly [program: string, from: string])[];
  /** Fills the folder that is its working directory. */
  argv(folder: string): readonly string[];
  readonly env?: (folder: string) => NodeJS.ProcessEnv;
  /** Before the command runs. */
  readonly prepare?: (folder: string) => void;
}

/** The folder, filled before or now; or why it cannot be had. */
export async function fetchTool({ name, needs, argv, env, prepare }: Fetch): Promise<Tool> {
  const lacking = needs.find(([program]) => findProgram(program) === null);
  if (lacking) return { missing: `no ${lacking[0]} on PATH: install ${lacking[1]}` };
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "tusk-tests");
  const place = join(cache, name);
  if (existsSync(place)) return { path: place };
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(`${place}.`);
  prepare?.(folder);
  const options = { cwd: folder, env: { ...process.env, ...env?.(folder) }, timeoutMs: 300_000 };
  const done = await runCommand(argv(folder), options).catch((error: Error) => ({
    code: 1,
    stdout: "",
    stderr: error.message,
  }));
  if (done.code === 0) renameSync(folder, place);
  rmSync(folder, { recursive: true, force: true });
  const said = `${done.stdout}\n${done.stderr}`.trim().split("\n").at(-1);
  return done.code === 0 ? { path: place } : { missing: `${name} could not be fetched: ${said}` };
}

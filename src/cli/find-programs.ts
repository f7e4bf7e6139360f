// Guesses the programs of a folder for `tusk init`: a start script or an entry file in it or directly below it. Reads
// package.json and names, runs nothing.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type FoundProgram, toLabel } from "./init-template.js";

const skipped = new Set(["node_modules", "dist", "build", "test", "tests", "docs", "scripts", "venv", "__pycache__"]);
const maxFolders = 50;
const nodeFiles = ["server.js", "server.mjs", "index.js", "index.mjs", "main.js", "app.js"];
const pythonFiles = ["main.py", "server.py", "app.py"];

export function findPrograms(root: string, appName: string): FoundProgram[] {
  const below = foldersOf(root).flatMap((folder) => {
    const run = findRun(join(root, folder));
    const name = toLabel(folder);
    return run === null || name === null ? [] : [{ name, path: folder, run }];
  });
  if (below.length > 0) return uniqueNames(below);
  const run = findRun(root);
  return run === null ? [] : [{ name: appName, path: ".", run }];
}

function foldersOf(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !skipped.has(entry.name))
    .map(({ name }) => name)
    .sort()
    .slice(0, maxFolders);
}

function findRun(folder: string): string | null {
  const manifest = readManifest(join(folder, "package.json"));
  if (manifest?.scripts?.start !== undefined) return "npm start";
  const node = nodeFiles.find((name) => existsSync(join(folder, name)));
  if (node !== undefined) return `[node, ${node}]`;
  const python = pythonFiles.find((name) => existsSync(join(folder, name)));
  return python === undefined ? null : `[python3, ${python}]`;
}

function readManifest(path: string): { readonly scripts?: { readonly start?: unknown } } | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof value === "object" ? value : null;
  } catch {
    // Absent or broken: this is a guess, and the entry files are looked at next.
    return null;
  }
}

function uniqueNames(programs: readonly FoundProgram[]): FoundProgram[] {
  return programs.filter(({ name }, index) => programs.findIndex((one) => one.name === name) === index);
}

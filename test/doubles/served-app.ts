// An app folder whose controller is the control plane in memory, served by this process: what a command line finds.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { run } from "../../src/cli/run.js";
import { type AppFolder, appFolderAt, type ControllerRecord, createAppFolders } from "../../src/system/app-folder.js";
import { writeFileAtomic, writeJsonAtomic } from "../../src/system/atomic-file.js";
import { identify } from "../../src/system/proc.js";
import { type ServedControlPlane, serveControlPlane } from "./admin-server.js";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServedApp extends ServedControlPlane {
  readonly folder: AppFolder;
  /** Runs `tusk …` inside this process, without a terminal. */
  tusk(...args: string[]): Promise<Ran>;
  /** Another server takes over the same control plane, as the next controller would. */
  restartServer(): Promise<void>;
}

export async function serveApp(t: TestContext, spec: string): Promise<ServedApp> {
  const served = await serveControlPlane(t);
  const folder = appFolderAt(mkdtempSync(join(tmpdir(), "tusk-served-")));
  createAppFolders(folder);
  t.after(() => {
    rmSync(folder.root, { recursive: true });
    rmSync(folder.runtime, { recursive: true, force: true });
  });
  writeFileSync(join(folder.root, "tusk.yaml"), spec);
  writeFileAtomic(folder.files.token, served.token, { mode: 0o600 });
  writeJsonAtomic(folder.files.controller, recordOf(folder, served.server.url));
  const restartServer = async (): Promise<void> => {
    await served.server.close();
    const { url } = await served.serveAgain();
    writeJsonAtomic(folder.files.controller, recordOf(folder, url));
  };
  return { ...served, folder, restartServer, tusk: (...args) => runHere(["-C", folder.root, ...args]) };
}

function recordOf(folder: AppFolder, url: string): ControllerRecord {
  const identity = identify(process.pid);
  assert.ok(identity);
  const { runtime } = folder;
  // Embedded: this process goes on when the app has stopped.
  return { ...identity, url, runtime, version: "1.2.3", startedAt: new Date(0).toISOString(), embedded: true };
}

async function runHere(args: readonly string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    environment: {},
  };
  const code = await run(args, io);
  return { code, stdout: out.join(""), stderr: err.join("") };
}

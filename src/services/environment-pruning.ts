// Which environments of the cache go when another one is made: those that nobody used for long, that no service's folder
// points at and that no process runs from. Never fails a creation, and takes nothing away that is being made or used.
import { lstatSync, lutimesSync, readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { acquireLock } from "../system/lock.js";
import { listPids, readProcFile } from "../system/proc.js";
import { isLinked } from "./environment-link.js";

export interface CachedEnvironment {
  readonly hash: string;
  readonly usedAtMs: number;
}

/** 30 days. */
export const keptUnusedMs = 30 * 24 * 60 * 60 * 1000;
/** So many are kept however long ago they were used: somebody who comes back has them without a network. */
export const keptAlways = 3;

/** Those that may go, were they not in use. */
export function chooseStale(environments: readonly CachedEnvironment[], nowMs: number): readonly CachedEnvironment[] {
  const byUse = [...environments].sort((a, b) => b.usedAtMs - a.usedAtMs);
  return byUse.slice(keptAlways).filter(({ usedAtMs }) => isStale(usedAtMs, nowMs));
}

/** Before it is looked whether the environment is there: one that is being removed then comes back, or is seen to be gone. */
export function noteUse(environmentFolder: string, nowMs: number): void {
  try {
    lutimesSync(environmentFolder, nowMs / 1000, nowMs / 1000);
  } catch {
    // It is not there yet, or the cache may only be read and is then not pruned by us either.
  }
}

/** The hashes of those that were removed. */
export async function pruneEnvironments(cache: string, nowMs: number): Promise<readonly string[]> {
  const stale = chooseStale(listEnvironments(cache), nowMs);
  const unlinked = stale.map(({ hash }) => hash).filter((hash) => !isLinked(join(cache, hash)));
  const removed: string[] = [];
  for (const hash of withoutRunning(unlinked)) if (await removeEnvironment(cache, hash, nowMs)) removed.push(hash);
  return removed;
}

const isStale = (usedAtMs: number, nowMs: number): boolean => nowMs - usedAtMs > keptUnusedMs;

/** Whole ones, and what is left of those that were never finished. */
function listEnvironments(cache: string): readonly CachedEnvironment[] {
  const used = new Map<string, number>();
  for (const name of readdirSync(cache)) {
    const hash = /^[0-9a-f]{32}(?=$|\.)/.exec(name)?.[0];
    if (hash === undefined) continue;
    const link = lstatSync(join(cache, hash), { throwIfNoEntry: false });
    const usedAtMs = link?.mtimeMs ?? lstatSync(join(cache, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    used.set(hash, Math.max(usedAtMs, used.get(hash) ?? 0));
  }
  return [...used].map(([hash, usedAtMs]) => ({ hash, usedAtMs }));
}

/** A process is known by what it was started as and the files that it has mapped: packages have compiled parts. */
function withoutRunning(hashes: readonly string[]): readonly string[] {
  if (hashes.length === 0) return [];
  const texts = listPids().flatMap((pid) => [readProcFile(`/proc/${pid}/cmdline`), readProcFile(`/proc/${pid}/maps`)]);
  return hashes.filter((hash) => !texts.some((text) => text?.includes(hash)));
}

/** False when it is being made, or was used in this moment. */
async function removeEnvironment(cache: string, hash: string, nowMs: number): Promise<boolean> {
  const held = acquireLock(join(cache, `${hash}.lock`));
  if (!("lock" in held)) return false;
  try {
    if (!takeOut(cache, hash, nowMs)) return false;
    const parts = readdirSync(cache).filter((name) => name.startsWith(`${hash}.`) && !name.startsWith(`${hash}.lock`));
    for (const name of parts) await rm(join(cache, name), { recursive: true, force: true });
    return true;
  } finally {
    held.lock.release();
  }
}

/** Its link goes first, in one step; who noted a use before that finds it back in its place. */
function takeOut(cache: string, hash: string, nowMs: number): boolean {
  const link = join(cache, hash);
  const aside = `${link}.unused`;
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) return true;
  renameSync(link, aside);
  if (isStale(lstatSync(aside).mtimeMs, nowMs) && !isLinked(link)) return true;
  renameSync(aside, link);
  return false;
}

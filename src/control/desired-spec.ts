// The one desired spec on disk: what should run, and the last file it was made from, so that an edited file applies
// only what was edited. Every way in goes through here; nothing else writes these files.
import { readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { EmitEvent } from "../base/event.js";
import type { AppSpec, Provenance } from "../model/app-spec.js";
import { mergeEdit } from "../model/merge-edit.js";
import type { AppFolder } from "../system/app-folder.js";
import { readJson, setAside, writeJsonAtomic } from "../system/atomic-file.js";
import type { ApplyRequest } from "./control-plane.js";

export interface DesiredSpec {
  readonly format: 1;
  readonly generation: number;
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  /** The spec as last read from a file or given by the SDK, before any patch. */
  readonly applied: AppSpec;
  readonly from: string;
  /** Absolute path of the spec file to follow; null when it came from a program. */
  readonly file: string | null;
  /** A program makes the services one by one: `calls` may name one that is not there yet. Default false. */
  readonly allowUnknownCalls?: boolean;
}

const historyLength = 20;

const emptySpec = (name: string): AppSpec => ({
  name,
  settings: {},
  services: [],
  gateway: { listeners: [], routes: [] },
});

/** Nothing is desired yet: services are created one by one, or a stop is all that is wanted. */
export function nothingDesired(folder: AppFolder): DesiredSpec {
  const spec = emptySpec(basename(folder.root) || "app");
  const generation = historyOf(folder).at(-1)?.generation ?? 0;
  return { format: 1, generation, spec, provenance: {}, applied: spec, from: "empty", file: null };
}

/** What `request` makes of the desired spec; changes nothing. */
export function desiredAfter(current: DesiredSpec, request: ApplyRequest): DesiredSpec {
  const { spec, provenance, from, base } = request;
  const generation = current.generation + 1;
  if (base) {
    return { ...current, generation, spec: mergeEdit(base, spec, current.spec), from, allowUnknownCalls: true };
  }
  return {
    format: 1,
    generation,
    spec: request.mode === "replace" ? spec : mergeEdit(current.applied, spec, current.spec),
    provenance,
    applied: spec,
    from,
    file: request.file ?? current.file,
    ...(current.allowUnknownCalls && request.mode !== "replace" ? { allowUnknownCalls: true } : {}),
  };
}

/**
 * Null when nothing is desired. A damaged file is set aside and the newest sound one of the history takes its place:
 * to desire nothing would stop everything that runs.
 */
export function readDesired(folder: AppFolder, emit: EmitEvent): DesiredSpec | null {
  const { desired: file } = folder.files;
  const desired = readSound(file);
  if (desired !== "damaged") return desired;
  const aside = setAside(file);
  const earlier = newestSound(folder);
  if (earlier) writeJsonAtomic(file, earlier, { mode: 0o600 });
  const instead = earlier
    ? `generation ${earlier.generation} of the history takes its place`
    : "nothing is desired until `tusk up` applies the spec file anew";
  const message = `the desired spec could not be read and was set aside as ${aside}; ${instead}`;
  emit({ kind: "state.damaged", level: "error", message });
  return earlier;
}

/** Null: not there. */
function readSound(file: string): DesiredSpec | "damaged" | null {
  try {
    const value = readJson(file);
    if (value === undefined) return null;
    return isDesired(value) ? value : "damaged";
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return "damaged";
  }
}

function newestSound(folder: AppFolder): DesiredSpec | null {
  for (const { file } of historyOf(folder).reverse()) {
    const earlier = readSound(file);
    if (earlier !== null && earlier !== "damaged") return earlier;
  }
  return null;
}

function isDesired(value: unknown): value is DesiredSpec {
  const desired = value as Partial<DesiredSpec> | null;
  return (
    typeof desired === "object" &&
    desired?.format === 1 &&
    Number.isSafeInteger(desired.generation) &&
    typeof desired.provenance === "object" &&
    [desired.spec, desired.applied].every(isSpec)
  );
}

/** As far as a program could have damaged it: each is written by us, and whole. */
function isSpec(value: AppSpec | undefined): boolean {
  const lists = [value?.services, value?.gateway?.listeners, value?.gateway?.routes];
  return typeof value?.name === "string" && typeof value.settings === "object" && lists.every(Array.isArray);
}

export function writeDesired(folder: AppFolder, desired: DesiredSpec): void {
  writeJsonAtomic(folder.files.desired, desired, { mode: 0o600 });
  const name = `${String(desired.generation).padStart(8, "0")}.json`;
  writeJsonAtomic(join(folder.specHistory, name), desired, { durable: false, mode: 0o600 });
  for (const { file } of historyOf(folder).slice(0, -historyLength)) rmSync(file, { force: true });
}

/** Oldest first. Generations count on after a stop, which ends what is desired and keeps the history. */
function historyOf(folder: AppFolder): { readonly file: string; readonly generation: number }[] {
  const names = readNames(folder.specHistory).filter((name) => /^\d{8}\.json$/.test(name));
  return names.sort().map((name) => ({ file: join(folder.specHistory, name), generation: Number.parseInt(name, 10) }));
}

function readNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Revisions count up per service whenever what its processes are made of changes. */
export type Revisions = Readonly<Record<string, { readonly revision: number; readonly hash: string }>>;

/** A damaged file begins at 1 again: the instances' own records carry the hashes that decide about restarts. */
export function readRevisions(folder: AppFolder): Revisions {
  let value: unknown;
  try {
    value = readJson(folder.files.revisions);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => isRevision(entry)));
}

function isRevision(value: unknown): boolean {
  const { revision, hash } = (value ?? {}) as Partial<Revisions[string]>;
  return Number.isSafeInteger(revision) && typeof hash === "string";
}

export function writeRevisions(folder: AppFolder, revisions: Revisions): void {
  writeJsonAtomic(folder.files.revisions, revisions, { durable: false });
}

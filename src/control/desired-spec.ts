// The one desired spec on disk: what should run, and the last file it was made from, so that an edited file applies
// only what was edited. Every way in goes through here; nothing else writes these files.
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EmitEvent } from "../base/event.js";
import type { AppSpec, Provenance } from "../model/app-spec.js";
import { mergeEdit } from "../model/merge-edit.js";
import type { AppFolder } from "../system/app-folder.js";
import { readJson, writeJsonAtomic } from "../system/atomic-file.js";
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
}

const historyLength = 20;

export const emptySpec = (name: string): AppSpec => ({
  name,
  settings: {},
  services: [],
  gateway: { listeners: [], routes: [] },
});

/** What `request` makes of the desired spec; changes nothing. */
export function desiredAfter(current: DesiredSpec | null, request: ApplyRequest): DesiredSpec {
  const edited = current !== null && request.mode !== "replace";
  return {
    format: 1,
    generation: (current?.generation ?? 0) + 1,
    spec: edited ? mergeEdit(current.applied, request.spec, current.spec) : request.spec,
    provenance: request.provenance,
    applied: request.spec,
    from: request.from,
    file: request.file ?? current?.file ?? null,
  };
}

export function readDesired(folder: AppFolder, emit: EmitEvent): DesiredSpec | null {
  let value: unknown;
  try {
    value = readJson(folder.files.desired);
  } catch {
    return setAside(folder, emit);
  }
  if (value === undefined) return null;
  return isDesired(value) ? value : setAside(folder, emit);
}

function isDesired(value: unknown): value is DesiredSpec {
  const desired = value as Partial<DesiredSpec> | null;
  return typeof desired === "object" && desired?.format === 1 && Array.isArray(desired.spec?.services);
}

function setAside(folder: AppFolder, emit: EmitEvent): null {
  const aside = `${folder.files.desired}.damaged-${process.pid}`;
  renameSync(folder.files.desired, aside);
  emit({
    kind: "state.damaged",
    level: "error",
    message: `the desired spec could not be read and was set aside as ${aside}; \`tusk up\` applies the spec file anew`,
  });
  return null;
}

export function writeDesired(folder: AppFolder, desired: DesiredSpec): void {
  mkdirSync(folder.specHistory, { recursive: true });
  writeJsonAtomic(folder.files.desired, desired);
  writeJsonAtomic(join(folder.specHistory, `${String(desired.generation).padStart(8, "0")}.json`), desired, {
    durable: false,
  });
  const names = readdirSync(folder.specHistory).sort();
  for (const name of names.slice(0, -historyLength)) rmSync(join(folder.specHistory, name), { force: true });
}

/** Revisions count up per service whenever what its processes are made of changes. */
export type Revisions = Readonly<Record<string, { readonly revision: number; readonly hash: string }>>;

export function readRevisions(folder: AppFolder): Revisions {
  try {
    return (readJson(folder.files.revisions) as Revisions | undefined) ?? {};
  } catch {
    // Damaged: revisions begin at 1 again. The instances' own records carry the hashes that decide about restarts.
    return {};
  }
}

export function writeRevisions(folder: AppFolder, revisions: Revisions): void {
  writeJsonAtomic(folder.files.revisions, revisions, { durable: false });
}

// What changed between two specs, entry by entry, for people and for the decision what to touch.
import { canonicalJson } from "../base/hash.js";
import type { AppSpec } from "./app-spec.js";
import { membersOf, toTree } from "./spec-tree.js";

export interface SpecChange {
  /** JSON path in the normalised spec, `services.users.replicas`. */
  readonly path: string;
  /** Undefined: was not there. */
  readonly before: unknown;
  /** Undefined: is not there any more. */
  readonly after: unknown;
  /** One line for people. */
  readonly text: string;
}

/** In the order of the later spec; what only the earlier one has comes after it, level by level. Empty: the same. */
export function diffSpecs(before: AppSpec, after: AppSpec): SpecChange[] {
  return diffMembers("", toTree(before), toTree(after));
}

type Members = ReadonlyMap<string, unknown>;

function diffMembers(path: string, before: Members, after: Members): SpecChange[] {
  const keys = new Set([...after.keys(), ...before.keys()]);
  return [...keys].flatMap((key) => {
    const at = path === "" ? key : `${path}.${key}`;
    return diffValues(at, key, { before: before.get(key), after: after.get(key) });
  });
}

function diffValues(path: string, key: string, values: { before: unknown; after: unknown }): SpecChange[] {
  const { before, after } = values;
  const membersBefore = membersOf(before, key);
  const membersAfter = membersOf(after, key);
  if (membersBefore && membersAfter) return diffMembers(path, membersBefore, membersAfter);
  if (isSame(before, after)) return [];
  return [{ path, before, after, text: describeChange(path, before, after) }];
}

export function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(toJson(a)) === canonicalJson(toJson(b));
}

/** Maps stand for objects whose keys are names. */
function toJson(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  return [...value].map(([key, member]) => [key, toJson(member)]);
}

const entryKinds: Readonly<Record<string, string>> = {
  services: "service",
  "gateway.listeners": "listener",
  "gateway.routes": "route",
};

function describeChange(path: string, before: unknown, after: unknown): string {
  const [, list = "", name = ""] = /^(services|gateway\.listeners|gateway\.routes)\.([^.]+)$/.exec(path) ?? [];
  const subject = entryKinds[list] ? `${entryKinds[list]} ${name}` : path;
  if (before === undefined) return entryKinds[list] ? `${subject} added` : `${subject} set to ${show(after)}`;
  if (after === undefined) return entryKinds[list] ? `${subject} removed` : `${subject} removed, was ${show(before)}`;
  return `${subject}: ${show(before)} -> ${show(after)}`;
}

function show(value: unknown): string {
  if (isCommand(value)) return show(value.kind === "shell" ? value.command : value.argv);
  const text = canonicalJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function isCommand(value: unknown): value is { kind: "shell"; command: string } | { kind: "exec"; argv: string[] } {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : null;
  return kind === "shell" || kind === "exec";
}

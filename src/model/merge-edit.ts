// Applies an edit of the file to the desired spec: only what differs between the last applied file and the new one.
// What was changed another way since (scaled from the command line, added by a program) stays, unless the edit
// changes that very field.
import type { AppSpec } from "./app-spec.js";
import { isSame } from "./diff-specs.js";
import { fromTree, membersOf, toTree } from "./spec-tree.js";

/**
 * Three-way merge. Laws: an edit that changes nothing changes nothing; applied to the file itself it gives the new
 * file. The result's parts are sound, but names may dangle: validate it before use.
 */
export function mergeEdit(lastFile: AppSpec, newFile: AppSpec, desired: AppSpec): AppSpec {
  return fromTree(mergeMembers(toTree(lastFile), toTree(newFile), toTree(desired)));
}

type Members = ReadonlyMap<string, unknown>;

function mergeMembers(last: Members, next: Members, desired: Members): Map<string, unknown> {
  const merged = new Map<string, unknown>();
  for (const key of orderOfKeys(last, next, desired)) {
    const value = mergeValue(key, { last: last.get(key), next: next.get(key), desired: desired.get(key) });
    if (value !== undefined) merged.set(key, value);
  }
  return merged;
}

/** As desired, unless the edit itself adds, removes or moves entries: then as in the new file. */
function orderOfKeys(last: Members, next: Members, desired: Members): Set<string> {
  const isEdited = !isSame([...last.keys()], [...next.keys()]);
  return isEdited ? new Set([...next.keys(), ...desired.keys()]) : new Set([...desired.keys(), ...next.keys()]);
}

function mergeValue(key: string, { last, next, desired }: Record<"last" | "next" | "desired", unknown>): unknown {
  const members = [last, next, desired].map((value) => membersOf(value, key));
  const [ofLast, ofNext, ofDesired] = members;
  if (ofLast && ofNext && ofDesired) return likeInput(next, mergeMembers(ofLast, ofNext, ofDesired));
  return isSame(last, next) ? desired : next;
}

/** Lists by name stay trees until the end; objects become objects again. */
function likeInput(input: unknown, members: Map<string, unknown>): unknown {
  return input instanceof Map ? members : Object.fromEntries(members);
}

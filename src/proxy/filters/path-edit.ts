// The two ways in which a redirect or a rewrite changes a path. Pure; the query is not touched.
import type { PathEditPlan } from "../../plan/proxy-plan.js";

/** `prefix`: what the route matched, without a slash at its end. */
export function editPath(edit: PathEditPlan | undefined, path: string, prefix: string): string {
  if (edit === undefined) return path;
  if (edit.type === "ReplaceFullPath") return edit.value;
  const base = edit.value.endsWith("/") ? edit.value.slice(0, -1) : edit.value;
  return base + path.slice(prefix.length) || "/";
}

export function withQuery(path: string, query: string): string {
  return query === "" ? path : `${path}?${query}`;
}

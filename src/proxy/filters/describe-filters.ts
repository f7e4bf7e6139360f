// Filters in words, for `explain`.
import type { FilterPlan, HeaderEditPlan, PathEditPlan } from "../../plan/proxy-plan.js";

/** In the order in which they are applied; one line each. */
export function describeFilters({ cors, redirect, rewrite, ...rest }: FilterPlan): string[] {
  const lines: string[] = [];
  if (cors) lines.push(`CORS for ${cors.allowOrigins.join(", ")}${cors.allowCredentials ? ", with credentials" : ""}`);
  if (redirect) {
    const { scheme, hostname, port, path, status } = redirect;
    const changes = [scheme, hostname, port, path && describePath(path)].filter((part) => part !== undefined);
    lines.push(`redirect ${status} to ${changes.join(" ") || "the same URL"}`);
  }
  if (rewrite?.hostname !== undefined) lines.push(`Host becomes ${rewrite.hostname}`);
  if (rewrite?.path) lines.push(`path: ${describePath(rewrite.path)}`);
  if (rest.requestHeaders) lines.push(`request headers: ${describeEdit(rest.requestHeaders)}`);
  if (rest.responseHeaders) lines.push(`response headers: ${describeEdit(rest.responseHeaders)}`);
  for (const { cluster, share } of rest.mirrors ?? []) {
    lines.push(`mirror ${Math.round(share * 10_000) / 100} % to ${cluster}`);
  }
  return lines;
}

function describePath({ type, value }: PathEditPlan): string {
  return type === "ReplaceFullPath" ? `becomes ${value}` : `the prefix becomes ${value}`;
}

function describeEdit({ set, add, remove }: HeaderEditPlan): string {
  return [
    ...set.map(({ name, value }) => `set ${name}: ${value}`),
    ...add.map(({ name, value }) => `add ${name}: ${value}`),
    ...remove.map((name) => `remove ${name}`),
  ].join(", ");
}

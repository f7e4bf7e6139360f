// What a route does to a request and its answer, from its written form to the app spec. Takes only what the schema has
// passed.
import type { CorsSpec, HeaderEditSpec, PathEditSpec, RouteFilterSpec } from "./app-spec.js";
import type { FiltersFile } from "./route-filters-schema.js";

/** The standard's. */
const defaultMaxAge = 5;

/** Undefined: it does nothing to them. */
export function normaliseFilters(file: FiltersFile): RouteFilterSpec | undefined {
  const { cors, redirect, rewrite, requestHeaders, responseHeaders, mirror } = file;
  const filters: RouteFilterSpec = {
    ...(cors === undefined ? {} : { cors: normaliseCors(cors) }),
    ...(redirect === undefined ? {} : { redirect: normaliseRedirect(redirect) }),
    ...(rewrite === undefined ? {} : { rewrite: normaliseRewrite(rewrite) }),
    ...(requestHeaders === undefined ? {} : { requestHeaders: normaliseEdit(requestHeaders) }),
    ...(responseHeaders === undefined ? {} : { responseHeaders: normaliseEdit(responseHeaders) }),
    ...(mirror === undefined ? {} : { mirrors: (Array.isArray(mirror) ? mirror : [mirror]).map(normaliseMirror) }),
  };
  return Object.keys(filters).length === 0 ? undefined : filters;
}

function normaliseEdit({
  set = {},
  add = {},
  remove = [],
}: NonNullable<FiltersFile["requestHeaders"]>): HeaderEditSpec {
  const fields = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).map(([name, value]) => ({ name, value }));
  return { set: fields(set), add: fields(add), remove };
}

function normaliseRedirect(file: NonNullable<FiltersFile["redirect"]>): NonNullable<RouteFilterSpec["redirect"]> {
  const { scheme, hostname, port, status = 302 } = file;
  return {
    ...(scheme === undefined ? {} : { scheme }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(port === undefined ? {} : { port }),
    ...pathEditOf(file),
    status,
  };
}

function normaliseRewrite(file: NonNullable<FiltersFile["rewrite"]>): NonNullable<RouteFilterSpec["rewrite"]> {
  if (typeof file === "string") return { path: { type: "ReplacePrefixMatch", value: file } };
  return { ...(file.hostname === undefined ? {} : { hostname: file.hostname }), ...pathEditOf(file) };
}

function pathEditOf(file: { path?: string | undefined; prefix?: string | undefined }): { path?: PathEditSpec } {
  if (file.path !== undefined) return { path: { type: "ReplaceFullPath", value: file.path } };
  return file.prefix === undefined ? {} : { path: { type: "ReplacePrefixMatch", value: file.prefix } };
}

type MirrorFile = Extract<NonNullable<FiltersFile["mirror"]>, readonly unknown[]>[number];

function normaliseMirror(file: MirrorFile): NonNullable<RouteFilterSpec["mirrors"]>[number] {
  if (typeof file === "string") return { name: file, share: 1 };
  return { name: file.service, share: (file.percent ?? 100) / 100 };
}

function normaliseCors(file: NonNullable<FiltersFile["cors"]>): CorsSpec {
  const cors = Array.isArray(file) ? { allowOrigins: file } : file;
  return {
    allowOrigins: cors.allowOrigins,
    allowMethods: cors.allowMethods ?? [],
    allowHeaders: cors.allowHeaders ?? [],
    exposeHeaders: cors.exposeHeaders ?? [],
    allowCredentials: cors.allowCredentials ?? false,
    maxAgeSeconds: cors.maxAge ?? defaultMaxAge,
  };
}

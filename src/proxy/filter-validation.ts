// Checks the filters of a plan. What passes can be applied to any request without making a message that two readers
// understand differently.
import { isFieldName, isFieldValue, mayBeEdited } from "../base/field-names.js";
import { type Check, isPort } from "./plan-check.js";

/** A name, or an address in the form that a URL has it. */
const hostForm = /^(?:[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])$/;
/** A path without query; nothing that ends a request line. */
const pathForm = /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/;
const originForm = /^(?:\*|[a-z][a-z0-9+.-]*:\/\/(?:\*\.?)?[^\s/*]*(?::(?:\d{1,5}|\*))?)$/i;

/** Undefined: there are none. */
export function checkFilters(check: Check, value: unknown, path: string, clusters: ReadonlySet<string>): void {
  if (value === undefined) return;
  const filters = check.object(value, path);
  if (!filters) return;
  const parts: readonly [
    value: unknown,
    checkPart: (check: Check, value: unknown, path: string) => void,
    name: string,
  ][] = [
    [filters.cors, checkCors, "cors"],
    [filters.redirect, checkRedirect, "redirect"],
    [filters.rewrite, checkRewrite, "rewrite"],
    [filters.requestHeaders, checkHeaderEdit, "requestHeaders"],
    [filters.responseHeaders, checkHeaderEdit, "responseHeaders"],
  ];
  for (const [part, checkPart, name] of parts) if (part !== undefined) checkPart(check, part, `${path}.${name}`);
  if (filters.mirrors === undefined) return;
  for (const [index, item] of check.list(filters.mirrors, `${path}.mirrors`).entries()) {
    checkMirror(check, item, `${path}.mirrors[${index}]`, clusters);
  }
}

function checkHeaderEdit(check: Check, value: unknown, path: string): void {
  const edit = check.object(value, path);
  if (!edit) return;
  for (const part of ["set", "add"] as const) {
    for (const [index, item] of check.list(edit[part], `${path}.${part}`).entries()) {
      const at = `${path}.${part}[${index}]`;
      const field = check.object(item, at);
      if (!field) continue;
      checkEditable(check, field.name, `${at}.name`);
      if (typeof field.value !== "string" || !isFieldValue(field.value)) check.add(`${at}.value`, "is no field value");
    }
  }
  for (const [index, name] of check.list(edit.remove, `${path}.remove`).entries()) {
    checkEditable(check, name, `${path}.remove[${index}]`);
  }
}

function checkEditable(check: Check, name: unknown, path: string): void {
  if (typeof name !== "string" || !mayBeEdited(name)) check.add(path, "is no header field that a filter may change");
}

function checkRedirect(check: Check, value: unknown, path: string): void {
  const redirect = check.object(value, path);
  if (!redirect) return;
  if (redirect.scheme !== undefined) check.oneOf(redirect.scheme, ["http", "https"], `${path}.scheme`);
  if (redirect.port !== undefined && !isPort(redirect.port)) check.add(`${path}.port`, "must be a port");
  if (![301, 302, 303, 307, 308].includes(redirect.status as number)) {
    check.add(`${path}.status`, "must be 301, 302, 303, 307 or 308");
  }
  checkRewrite(check, redirect, path);
}

function checkRewrite(check: Check, value: unknown, path: string): void {
  const rewrite = check.object(value, path);
  if (!rewrite) return;
  const { hostname } = rewrite;
  if (hostname !== undefined && !(typeof hostname === "string" && hostForm.test(hostname))) {
    check.add(`${path}.hostname`, "must be a hostname");
  }
  const edit = rewrite.path === undefined ? null : check.object(rewrite.path, `${path}.path`);
  if (!edit) return;
  check.oneOf(edit.type, ["ReplaceFullPath", "ReplacePrefixMatch"], `${path}.path.type`);
  if (typeof edit.value !== "string" || !pathForm.test(edit.value)) {
    check.add(`${path}.path.value`, "must be a path that begins with /");
  }
}

function checkMirror(check: Check, value: unknown, path: string, clusters: ReadonlySet<string>): void {
  const mirror = check.object(value, path);
  if (!mirror) return;
  check.memberOf(mirror.cluster, clusters, `${path}.cluster`);
  check.amount(mirror.share, `${path}.share`);
  if (typeof mirror.share === "number" && mirror.share > 1) check.add(`${path}.share`, "must be 0 to 1");
}

function checkCors(check: Check, value: unknown, path: string): void {
  const cors = check.object(value, path);
  if (!cors) return;
  const origins = check.list(cors.allowOrigins, `${path}.allowOrigins`);
  if (origins.length === 0) check.add(`${path}.allowOrigins`, "must not be empty");
  for (const [index, origin] of origins.entries()) {
    if (typeof origin !== "string" || !originForm.test(origin)) {
      check.add(`${path}.allowOrigins[${index}]`, "must be an origin such as https://shop.example");
    }
  }
  for (const part of ["allowMethods", "allowHeaders", "exposeHeaders"] as const) {
    for (const [index, name] of check.list(cors[part], `${path}.${part}`).entries()) {
      if (typeof name !== "string" || !isFieldName(name)) check.add(`${path}.${part}[${index}]`, "must be a token");
    }
  }
  if (typeof cors.allowCredentials !== "boolean") check.add(`${path}.allowCredentials`, "must be true or false");
  check.count(cors.maxAgeSeconds, `${path}.maxAgeSeconds`);
}

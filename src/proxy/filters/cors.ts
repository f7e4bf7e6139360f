// CORS at the gateway (Fetch Standard, 3.2): answers preflights, and tells the browser which origins may read an answer.
// What a backend says about CORS itself is replaced: two answers to one question would make the browser refuse. Pure.
import type { CorsPlan, HeaderEditPlan, HeaderFieldPlan } from "../../plan/proxy-plan.js";
import { headerValue, type RequestHead } from "../request-head.js";
import { noEdit } from "./header-edit.js";

const answerFields = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
];

/** Not forwarded: a preflight asks the gateway. */
export function isPreflight(head: RequestHead): boolean {
  return (
    head.method === "OPTIONS" &&
    headerValue(head.headers, "origin") !== undefined &&
    headerValue(head.headers, "access-control-request-method") !== undefined
  );
}

/** Headers of the 204. Without those that allow something where the origin is not allowed. */
export function preflightHeaders(cors: CorsPlan, head: RequestHead): string[] {
  const origin = allowedOrigin(cors, headerValue(head.headers, "origin"));
  const out = ["vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"];
  if (origin === null) return out;
  out.push("access-control-allow-origin", origin);
  if (cors.allowCredentials) out.push("access-control-allow-credentials", "true");
  const methods = listOrAsked(cors.allowMethods, headerValue(head.headers, "access-control-request-method"));
  if (methods !== "") out.push("access-control-allow-methods", methods);
  const headers = listOrAsked(cors.allowHeaders, headerValue(head.headers, "access-control-request-headers"));
  if (headers !== "") out.push("access-control-allow-headers", headers);
  if (cors.exposeHeaders.length > 0) out.push("access-control-expose-headers", cors.exposeHeaders.join(", "));
  out.push("access-control-max-age", String(cors.maxAgeSeconds));
  return out;
}

/** For the backend's answer to a request that is no preflight. */
export function corsAnswerEdit(cors: CorsPlan, head: RequestHead): HeaderEditPlan {
  const origin = allowedOrigin(cors, headerValue(head.headers, "origin"));
  const add: HeaderFieldPlan[] = [{ name: "vary", value: "Origin" }];
  if (origin === null) return { ...noEdit, remove: answerFields, add };
  const set = [{ name: "access-control-allow-origin", value: origin }];
  if (cors.allowCredentials) set.push({ name: "access-control-allow-credentials", value: "true" });
  if (cors.exposeHeaders.length > 0) {
    set.push({ name: "access-control-expose-headers", value: cors.exposeHeaders.join(", ") });
  }
  const given = new Set(set.map(({ name }) => name));
  return { set, add, remove: answerFields.filter((name) => !given.has(name)) };
}

/** As the answer names it; null: not allowed. */
export function allowedOrigin(cors: CorsPlan, origin: string | undefined): string | null {
  if (origin === undefined || !cors.allowOrigins.some((pattern) => matchesOrigin(pattern, origin))) return null;
  // With credentials a browser takes no star.
  return cors.allowOrigins.includes("*") && !cors.allowCredentials ? "*" : origin;
}

/** `https://*.shop.example` matches any number of labels below; a star never reaches across `/`. */
function matchesOrigin(pattern: string, origin: string): boolean {
  if (pattern === "*") return true;
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern.toLowerCase() === origin.toLowerCase();
  const low = origin.toLowerCase();
  if (!low.startsWith(before.toLowerCase()) || !low.endsWith(after.toLowerCase())) return false;
  const inside = low.slice(before.length, low.length - after.length);
  return low.length > before.length + after.length && !inside.includes("/");
}

/** A star stands for what is asked for: a browser with credentials takes no star here either. */
function listOrAsked(allowed: readonly string[], asked: string | undefined): string {
  return allowed.includes("*") ? (asked ?? "") : allowed.join(", ");
}

// Who may talk to the admin API: a local program that names a loopback host (a web page that rebinds its own name to
// 127.0.0.1 does not) and knows the app's token.
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { TuskError } from "../base/errors.js";

/** The one path that answers without a token. */
export const alivePath = "/v1/alive";

export function isLoopbackHost(header: string | undefined): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:/@\s]+)(?::\d{1,5})?$/i.exec(header ?? "");
  const name = match?.[1]?.toLowerCase();
  if (name === undefined) return false;
  return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

export function requireLoopbackHost(): MiddlewareHandler {
  return async (context, next) => {
    if (!isLoopbackHost(context.req.header("host"))) {
      throw new TuskError("FORBIDDEN", "the Host header does not name this machine's loopback address", {
        hint: "call the url in .tusk/controller.json",
      });
    }
    await next();
  };
}

export function requireToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (context, next) => {
    if (context.req.path === alivePath && context.req.method === "GET") return next();
    const given = /^Bearer ([\x21-\x7e]+)$/i.exec(context.req.header("authorization") ?? "")?.[1];
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      throw new TuskError("UNAUTHORIZED", "the request has no valid bearer token", {
        hint: "send `Authorization: Bearer <token>` with the content of .tusk/token",
      });
    }
    await next();
  };
}

/** Equal lengths, so that the comparison takes the same time for every guess. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

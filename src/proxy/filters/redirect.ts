// RequestRedirect of the Gateway API: where the client is sent. Pure.
import type { RedirectPlan } from "../../plan/proxy-plan.js";
import type { RequestHead } from "../request-head.js";
import { editPath, withQuery } from "./path-edit.js";

export interface RedirectedRequest {
  readonly head: RequestHead;
  /** What the route matched, without a slash at its end; empty where it is no prefix. */
  readonly prefix: string;
  /** How the client reached the listener. */
  readonly scheme: "http" | "https";
  /** Of the listener; undefined: as the Host header says. */
  readonly port: number | undefined;
}

const usualPorts = { http: 80, https: 443 } as const;

/** An absolute URL, so that no client has to work it out, and a path that begins with `//` names no host. */
export function locationOf(plan: RedirectPlan, request: RedirectedRequest): string {
  const { head, prefix } = request;
  const scheme = plan.scheme ?? request.scheme;
  const hostname = plan.hostname ?? (head.hostname.includes(":") ? `[${head.hostname}]` : head.hostname);
  const port = portOf(plan, request);
  const authority = port === usualPorts[scheme] ? hostname : `${hostname}:${port}`;
  return `${scheme}://${authority}${withQuery(editPath(plan.path, head.path, prefix), head.query)}`;
}

// The standard: the port that is given; else the scheme's own where a scheme is given; else the listener's.
function portOf(plan: RedirectPlan, { head, scheme, port }: RedirectedRequest): number {
  if (plan.port !== undefined) return plan.port;
  if (plan.scheme !== undefined) return usualPorts[plan.scheme];
  return port ?? Number(/:(\d+)$/.exec(head.authority)?.[1] ?? usualPorts[scheme]);
}

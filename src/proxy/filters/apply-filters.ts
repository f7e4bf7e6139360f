// What a route's filters, and then those of the chosen backend, make of a request: an answer at once, or the request
// that goes on. Pure.
import type { FilterPlan, HeaderEditPlan, MirrorPlan } from "../../plan/proxy-plan.js";
import type { RawHeaders } from "../exchange.js";
import type { RequestHead } from "../request-head.js";
import type { RouteDecision } from "../routing.js";
import { corsAnswerEdit, isPreflight, preflightHeaders } from "./cors.js";
import { editHeaders } from "./header-edit.js";
import { editPath, withQuery } from "./path-edit.js";
import { locationOf, type RedirectedRequest } from "./redirect.js";

export interface FilteredRequest {
  /** As the client sent it. */
  readonly head: RequestHead;
  /** As they would be forwarded without filters. */
  readonly headers: RawHeaders;
  readonly scheme: RedirectedRequest["scheme"];
  readonly port: number | undefined;
}

export type FilterResult =
  | { readonly kind: "answer"; readonly status: number; readonly headers: RawHeaders }
  | {
      readonly kind: "forward";
      readonly pathAndQuery: string;
      readonly headers: RawHeaders;
      readonly answerEdits: readonly HeaderEditPlan[];
      readonly mirrors: readonly MirrorPlan[];
    };

export function hasFilters({ action, backend }: RouteDecision): boolean {
  return action.filters !== undefined || backend?.filters !== undefined;
}

export function applyFilters({ action, backend, prefix }: RouteDecision, request: FilteredRequest): FilterResult {
  const { head } = request;
  const stages = [action.filters, backend?.filters].filter((filters) => filters !== undefined);
  for (const { cors, redirect } of stages) {
    if (cors && isPreflight(head)) return { kind: "answer", status: 204, headers: preflightHeaders(cors, head) };
    if (redirect) {
      const location = locationOf(redirect, { ...request, prefix });
      return { kind: "answer", status: redirect.status, headers: ["location", location, "content-length", "0"] };
    }
  }
  return {
    kind: "forward",
    pathAndQuery: rewrittenPath(stages, head, prefix),
    headers: rewrittenHeaders(stages, request.headers),
    answerEdits: stages.flatMap((filters) => answerEditsOf(filters, head)),
    mirrors: stages.flatMap(({ mirrors }) => mirrors ?? []),
  };
}

function rewrittenPath(stages: readonly FilterPlan[], head: RequestHead, prefix: string): string {
  const edit = stages.find(({ rewrite }) => rewrite?.path)?.rewrite?.path;
  return edit === undefined ? head.pathAndQuery : withQuery(editPath(edit, head.path, prefix), head.query);
}

function rewrittenHeaders(stages: readonly FilterPlan[], headers: RawHeaders): RawHeaders {
  const edits = stages.flatMap(({ rewrite, requestHeaders }) => {
    const host = rewrite?.hostname;
    const hostEdit = host === undefined ? [] : [{ set: [{ name: "host", value: host }], add: [], remove: [] }];
    return requestHeaders ? [...hostEdit, requestHeaders] : hostEdit;
  });
  return editHeaders(headers, edits);
}

function answerEditsOf({ cors, responseHeaders }: FilterPlan, head: RequestHead): HeaderEditPlan[] {
  const corsEdit = cors === undefined ? [] : [corsAnswerEdit(cors, head)];
  return responseHeaders ? [...corsEdit, responseHeaders] : corsEdit;
}

// What travels over the admin API beyond the values of control-plane.ts: lines of its streams and its problem document.
// Types alone, so that a client loads no schema library.
import type { ErrorCode, Problem } from "../base/errors.js";
import type { TuskEvent } from "../base/event.js";
import type { ApplyRequest, SystemStatus } from "../control/control-plane.js";
import type { RegisteredInstance, RegistryChange } from "../discovery/registry.js";
import type { AppSpec, Provenance } from "../model/app-spec.js";

/** Body of every error, `application/problem+json` (RFC 9457). */
export interface ProblemDocument {
  /** `urn:tusk:error:<code>`. */
  readonly type: string;
  /** The code's meaning, the same for every occurrence. */
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  /** What happened this time. */
  readonly detail: string;
  readonly hint?: string;
  readonly problems: readonly Problem[];
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface SpecDocument {
  readonly spec: AppSpec;
  readonly provenance: Provenance;
  /** Of the last change of the spec file that could not be applied. */
  readonly problems: readonly Problem[];
}

/** `PUT /v1/spec`; provenance may be left out. */
export type ApplyBody = Omit<ApplyRequest, "provenance"> & { readonly provenance?: Provenance };

export interface HeartbeatBody {
  readonly state?: "passing" | "warning" | "critical";
  readonly reason?: string;
}

/** Sent on every stream while nothing happens, so that both ends notice a dead connection. */
export interface HeartbeatLine {
  readonly type: "heartbeat";
  /** ISO 8601. */
  readonly at: string;
}

/** The last line of a stream that the server ends. */
export interface EndLine {
  readonly type: "end";
  readonly code: "SLOW_READER" | "NOT_RUNNING" | "INTERNAL";
  readonly reason: string;
}

export type StreamLine<Item> = Item | HeartbeatLine | EndLine;

export interface EventLine {
  readonly type: "event";
  readonly event: TuskEvent;
}

export interface StatusLine {
  readonly type: "status";
  readonly status: SystemStatus;
}

/** Counts lines of this stream from 0, so that a reader knows that it missed none. */
export type RegistryLine =
  | { readonly type: "snapshot"; readonly index: number; readonly instances: readonly RegisteredInstance[] }
  | (RegistryChange & { readonly index: number });

export interface EventStreamQuery {
  readonly service?: string;
  /** Id of the last event seen: the stream begins with what came after it. */
  readonly after?: string;
  /** Newest n of the past events that it begins with. Default: 0, or all that are kept when `after` is given. */
  readonly limit?: number;
}

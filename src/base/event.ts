// An event is a change that somebody may ask "why?" about. Drivers emit them; the controller stamps, stores and streams.

export type EventLevel = "info" | "warning" | "error";

export interface EventDraft {
  /** Dotted, subject first, past tense: `instance.started`, `endpoint.ejected`, `spec.applied`. */
  readonly kind: string;
  readonly level: EventLevel;
  readonly service?: string;
  readonly instance?: string;
  /** One sentence with the reason in it. */
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface TuskEvent extends EventDraft {
  /** UUIDv7. */
  readonly id: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly at: string;
}

export type EmitEvent = (event: EventDraft) => void;

// One line of JSON for a request, as the plan wants it. Pure but for where the lines go. Costs nothing while it is off.
import type { AccessLogField } from "../../base/access-log-fields.js";
import type { Clock, Rng } from "../../base/clock.js";
import type { AccessLogPlan } from "../../plan/proxy-plan.js";
import type { RecordedRequest } from "./recorded-request.js";

export interface AccessLogOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  /** With its newline. Must not block. */
  readonly append: (line: string) => void;
}

/** Longest target that is written with its query. */
const targetChars = 4096;

export class AccessLog {
  readonly #options: AccessLogOptions;
  #plan: AccessLogPlan | null = null;
  #parts: readonly Part[] = [];

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** Undefined: off. */
  write(request: RecordedRequest, plan: AccessLogPlan | undefined): void {
    if (plan === undefined) return;
    const { clock, rng, append } = this.#options;
    if (plan !== this.#plan) this.#prepare(plan);
    if (plan.sample < 1 && request.status < 500 && rng() >= plan.sample) return;
    append(lineOf(request, this.#parts, clock.now()));
  }

  #prepare(plan: AccessLogPlan): void {
    this.#plan = plan;
    this.#parts = plan.fields.map((field) => ({
      before: `"${field}":`,
      show: field === "path" && plan.query ? (request) => text(request.target.slice(0, targetChars)) : shows[field],
    }));
  }
}

interface Part {
  readonly before: string;
  readonly show: (request: RecordedRequest, now: number) => string;
}

function lineOf(request: RecordedRequest, parts: readonly Part[], now: number): string {
  let line = "{";
  for (const { before, show } of parts) line += `${line === "{" ? "" : ","}${before}${show(request, now)}`;
  return `${line}}\n`;
}

const text = (value: string): string => JSON.stringify(value);
const textOrNull = (value: string): string => (value === "" ? "null" : JSON.stringify(value));
/** Milliseconds to the microsecond. */
const ms = (value: number): string => String(Math.round(value * 1000) / 1000);

const shows: Readonly<Record<AccessLogField, Part["show"]>> = {
  time: ({ durationMs }, now) => text(new Date(now - durationMs).toISOString()),
  listener: ({ listener }) => text(listener),
  route: ({ route }) => textOrNull(route),
  caller: ({ caller }) => text(caller),
  callee: ({ callee }) => textOrNull(callee),
  endpoint: ({ endpoint }) => textOrNull(endpoint),
  method: ({ method }) => text(method),
  path: ({ path }) => text(path),
  status: ({ status }) => (status === 0 ? "null" : String(status)),
  code: ({ code }) => textOrNull(code),
  attempts: ({ attemptsMade }) => String(attemptsMade),
  requestBytes: ({ requestBytes }) => String(requestBytes),
  responseBytes: ({ responseBytes }) => String(responseBytes),
  durationMs: ({ durationMs }) => ms(durationMs),
  firstByteMs: ({ firstByteMs }) => (firstByteMs < 0 ? "null" : ms(firstByteMs)),
  traceId: ({ traceId }) => text(traceId),
  requestId: ({ requestId }) => textOrNull(requestId),
};

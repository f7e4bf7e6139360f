// `@fujsen.intelligence`: gives a method its own FUJSEN engine as `this.fujsen`, turns a throw into the failure value,
// times the call as a span of a trace, and hands each decision made inside to the platform as data.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, Rng } from "../base/clock.js";
import { messageOf } from "../base/errors.js";
import type { DecisionRecord } from "../fujsen/decision.js";
import { MicroservicesIntelligence } from "../fujsen/engine.js";
import { newTraceparent, traceIdOf } from "../proxy/trace-context.js";
import { systemClock, systemRng, uuidv7 } from "../system/clock.js";
import { type Failure, toFailure } from "./outcome.js";

export { MicroservicesIntelligence };

/** One call of a decorated method. Ids as in W3C Trace Context. */
export interface IntelligenceSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Null for the first of its trace. */
  readonly parentSpanId: string | null;
  /** `Class.method`. */
  readonly name: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly status: "ok" | "error";
  /** Of the failure; null when ok. */
  readonly code: string | null;
}

/** A decision with the id and time under which TuskDB keeps it. */
export interface StampedDecision extends DecisionRecord {
  /** UUIDv7. */
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
}

/** What a platform gives: time, ids, and where decisions and spans go. An error of either sink never fails the method. */
export interface IntelligenceHost {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly rng: Rng;
  recordDecisions(decisions: readonly StampedDecision[]): void | Promise<void>;
  recordSpan(span: IntelligenceSpan): void | Promise<void>;
}

/** What a class with decorated methods declares: `declare readonly fujsen: MicroservicesIntelligence`. */
export interface WithIntelligence {
  readonly fujsen: MicroservicesIntelligence;
}

interface Scope {
  readonly engine: MicroservicesIntelligence;
  readonly traceId: string;
  readonly spanId: string;
}

const scopes = new AsyncLocalStorage<
  Scope | { readonly engine: null; readonly traceId: string; readonly spanId: string }
>();

// Without a platform, decisions are in the engine of the call and nowhere else.
const unrecorded: IntelligenceHost = {
  clock: systemClock,
  rng: systemRng,
  recordDecisions: () => {},
  recordSpan: () => {},
};
let processHost: IntelligenceHost = unrecorded;

/** For methods of objects without a platform of their own. Null: back to none. Returns the one before. */
export function setIntelligenceHost(host: IntelligenceHost | null): IntelligenceHost | null {
  const before = processHost;
  processHost = host ?? unrecorded;
  return before === unrecorded ? null : before;
}

/** The `traceparent` header of the decorated call that runs now; null outside of one. */
export function currentTraceparent(): string | null {
  const scope = scopes.getStore();
  return scope ? `00-${scope.traceId}-${scope.spanId}-01` : null;
}

/** Runs `work` so that decorated calls inside belong to the trace of a received header. An invalid one is ignored. */
export function inTrace<T>(traceparent: string, work: () => T): T {
  const traceId = traceIdOf(traceparent);
  if (traceId === null) return work();
  return scopes.run({ engine: null, traceId, spanId: spanIdOf(traceparent) }, work);
}

const spanIdOf = (traceparent: string): string => traceparent.slice(36, 52);

type Method<This, Args extends unknown[], Result> = (this: This, ...args: Args) => Promise<Result>;
type Decorate = <This extends object, Args extends unknown[], Result>(
  method: Method<This, Args, Result>,
  context: ClassMethodDecoratorContext<This, Method<This, Args, Result>>,
) => Method<This, Args, Result | Failure>;

const decorate: Decorate = (method, context) =>
  async function intelligent(...args) {
    return runCall({ host: hostOf(this), name: nameOf(this, context.name) }, () => {
      bindEngine(this);
      return method.apply(this, args);
    });
  };

/**
 * Decorator for asynchronous methods whose result has room for the failure value; written with or without parentheses.
 * Each call has its own engine, also when calls are nested or run at the same time.
 */
export function intelligence(): Decorate;
export function intelligence<This extends object, Args extends unknown[], Result>(
  method: Method<This, Args, Result>,
  context: ClassMethodDecoratorContext<This, Method<This, Args, Result>>,
): Method<This, Args, Result | Failure>;
export function intelligence<This extends object, Args extends unknown[], Result>(
  method?: Method<This, Args, Result>,
  context?: ClassMethodDecoratorContext<This, Method<This, Args, Result>>,
): Decorate | Method<This, Args, Result | Failure> {
  return method && context ? decorate(method, context) : decorate;
}

/** Runs decisions of code that is no decorated method, and has them recorded in the same way. */
export function decideOn<T>(host: IntelligenceHost, work: (fujsen: MicroservicesIntelligence) => T): T {
  const decisions = new DecisionBatch(host);
  const result = work(new MicroservicesIntelligence({ onDecision: (record) => decisions.add(record) }));
  decisions.flush();
  return result;
}

interface Call {
  readonly host: IntelligenceHost;
  readonly name: string;
}

async function runCall<Result>({ host, name }: Call, work: () => Promise<Result>): Promise<Result | Failure> {
  const { clock } = host;
  const parent = scopes.getStore();
  const fresh = newTraceparent(host.rng);
  const ids = { traceId: parent?.traceId ?? fresh.traceId, spanId: spanIdOf(fresh.traceparent) };
  const decisions = new DecisionBatch(host);
  const engine = new MicroservicesIntelligence({ onDecision: (record) => decisions.add(record) });
  const [startedAt, started] = [new Date(clock.now()).toISOString(), clock.monotonic()];
  const result = await scopes.run({ engine, ...ids }, () => settle(work));
  decisions.flush();
  const span = { ...ids, parentSpanId: parent?.spanId ?? null, name, startedAt };
  const durationMs = clock.monotonic() - started;
  deliver(() => host.recordSpan({ ...span, durationMs, ...outcomeOfResult(result) }));
  return result;
}

async function settle<Result>(work: () => Promise<Result>): Promise<Result | Failure> {
  try {
    return await work();
  } catch (error) {
    return toFailure(error);
  }
}

// A method may also return a failure of its own.
function outcomeOfResult(result: unknown): Pick<IntelligenceSpan, "status" | "code"> {
  const failed = typeof result === "object" && result !== null && "success" in result && result.success === false;
  if (!failed) return { status: "ok", code: null };
  return { status: "error", code: "code" in result && typeof result.code === "string" ? result.code : null };
}

/** The decisions of one call, delivered together; what the method left running delivers its own one by one. */
class DecisionBatch {
  readonly #host: IntelligenceHost;
  #waiting: StampedDecision[] | null = [];

  constructor(host: IntelligenceHost) {
    this.#host = host;
  }

  add(record: DecisionRecord): void {
    const now = this.#host.clock.now();
    const stamped = { ...record, id: uuidv7(now), at: new Date(now).toISOString() };
    if (this.#waiting) this.#waiting.push(stamped);
    else deliver(() => this.#host.recordDecisions([stamped]));
  }

  flush(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    if (waiting.length > 0) deliver(() => this.#host.recordDecisions(waiting));
  }
}

// The method has its result: what cannot be recorded is said, and changes nothing for its caller.
function deliver(send: () => void | Promise<void>): void {
  const warn = (error: unknown): void =>
    process.emitWarning(`decisions or spans could not be recorded: ${messageOf(error)}`, "TuskWarning");
  try {
    Promise.resolve(send()).catch(warn);
  } catch (error) {
    warn(error);
  }
}

function hostOf(self: object): IntelligenceHost {
  const platform: unknown = "platform" in self ? self.platform : null;
  if (typeof platform !== "object" || platform === null || !("intelligence" in platform)) return processHost;
  return (platform.intelligence as IntelligenceHost | null) ?? processHost;
}

function nameOf(self: object, method: string | symbol): string {
  const owner = typeof self === "function" ? self.name : self.constructor?.name;
  return `${owner || "anonymous"}.${String(method)}`;
}

const outside = new MicroservicesIntelligence();
const currentEngine = (): MicroservicesIntelligence => scopes.getStore()?.engine ?? outside;

// At the call and not in an initializer: a field named `fujsen` in the class would be set after initializers have run.
function bindEngine(self: object): void {
  if (Object.getOwnPropertyDescriptor(self, "fujsen")?.get === currentEngine) return;
  Object.defineProperty(self, "fujsen", { get: currentEngine, configurable: true, enumerable: false });
}

/** `@fujsen.intelligence`. */
export const fujsen = { intelligence } as const;

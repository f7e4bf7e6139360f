// `@fujsen.intelligence`: gives a method its own FUJSEN engine as `this.fujsen`, turns a rejection into the failure
// value, times the call as a span of a trace, and hands each decision made inside to the platform as data.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, Rng } from "../base/clock.js";
import { messageOf, TuskError } from "../base/errors.js";
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

export interface IntelligenceOptions {
  /** The method throws and rejects as it would by itself; the span says so all the same. Default false. */
  readonly rethrow?: boolean;
}

type AnyMethod = (this: never, ...args: never[]) => unknown;
type CalledMethod = (this: unknown, ...args: unknown[]) => unknown;

/** Of the standard decorators; a part of what the language hands over. */
interface MethodContext {
  readonly kind: "method";
  readonly name: string | symbol;
}

interface IntelligenceDecorator {
  /** Standard decorators. A decorator cannot widen the method's type: declare `Promise<Outcome<…>>` for the failure. */
  <Method extends AnyMethod>(method: Method, context: MethodContext): Method;
  /** With the compiler's `experimentalDecorators`. */
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void;
}

interface Intelligence {
  <Method extends AnyMethod>(method: Method, context: MethodContext): Method;
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void;
  /** The function form, without decorators: the same method or function, and its type has the failure. */
  <Args extends unknown[], Result>(
    work: (this: WithIntelligence, ...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result | Failure>;
  (options?: IntelligenceOptions): IntelligenceDecorator;
}

/**
 * For methods of any type. Of an asynchronous one, a rejection becomes the failure value; one that throws while it is
 * called, as only a synchronous method can, still throws: its caller waits for no value. Each call has its own engine,
 * also when calls are nested or run at the same time.
 */
export const intelligence = ((...given: readonly unknown[]) =>
  isDecoration(given) ? decorate(given, {}) : withOptions(given[0] as IntelligenceOptions | undefined)) as Intelligence;

function withOptions(options: IntelligenceOptions = {}): IntelligenceDecorator {
  return ((...given: readonly unknown[]) => decorate(given, options)) as IntelligenceDecorator;
}

const isDecoration = ([first, second]: readonly unknown[]): boolean =>
  typeof first === "function" || typeof second === "string" || typeof second === "symbol";

/** Tells the three forms apart by what they are handed: method and context, target and key and descriptor, a function. */
function decorate([target, second, descriptor]: readonly unknown[], options: IntelligenceOptions): unknown {
  if (typeof second === "string" || typeof second === "symbol") {
    const { value } = (descriptor ?? {}) as PropertyDescriptor;
    return { ...(descriptor as PropertyDescriptor), value: intelligent(requireMethod(value), second, options) };
  }
  const method = requireMethod(target);
  return intelligent(method, (second as MethodContext | undefined)?.name ?? method.name, options);
}

function requireMethod(value: unknown): CalledMethod {
  if (typeof value === "function") return value as CalledMethod;
  throw new TuskError("REQUEST_INVALID", "@fujsen.intelligence decorates methods", { hint: "put it before a method" });
}

function intelligent(method: CalledMethod, name: string | symbol, { rethrow = false }: IntelligenceOptions): AnyMethod {
  const isAsync = Object.prototype.toString.call(method) === "[object AsyncFunction]";
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    // A function that is no method has nothing to bear the engine.
    const self = isObject(this) ? this : {};
    return runCall(
      { host: hostOf(self), name: isObject(this) ? nameOf(self, name) : String(name), isAsync, rethrow },
      () => {
        bindEngine(self);
        return method.apply(self, args);
      },
    );
  };
  return Object.defineProperties(wrapper, {
    name: { value: typeof name === "symbol" ? `[${name.description ?? ""}]` : name, configurable: true },
    length: { value: method.length, configurable: true },
  });
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

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
  /** What is thrown at once, too, was meant to be a rejection. */
  readonly isAsync: boolean;
  readonly rethrow: boolean;
}

function runCall({ host, name, isAsync, rethrow }: Call, work: () => unknown): unknown {
  const { ids, engine, finish } = openCall(host, name);
  const failed = (error: unknown): Failure => {
    const failure = toFailure(error);
    finish(failure);
    if (rethrow) throw error;
    return failure;
  };
  try {
    const result = scopes.run({ engine, ...ids }, work);
    if (!isPromise(result)) return finish(result);
    return result.then(finish, failed);
  } catch (error) {
    if (isAsync) return new Promise((resolve) => resolve(failed(error)));
    finish(toFailure(error));
    throw error;
  }
}

function openCall(host: IntelligenceHost, name: string) {
  const { clock } = host;
  const parent = scopes.getStore();
  const fresh = newTraceparent(host.rng);
  const ids = { traceId: parent?.traceId ?? fresh.traceId, spanId: spanIdOf(fresh.traceparent) };
  const decisions = new DecisionBatch(host);
  const engine = new MicroservicesIntelligence({ onDecision: (record) => decisions.add(record) });
  const [startedAt, started] = [new Date(clock.now()).toISOString(), clock.monotonic()];
  const finish = (result: unknown): unknown => {
    decisions.flush();
    const span = { ...ids, parentSpanId: parent?.spanId ?? null, name, startedAt };
    const durationMs = clock.monotonic() - started;
    deliver(() => host.recordSpan({ ...span, durationMs, ...outcomeOfResult(result) }));
    return result;
  };
  return { ids, engine, finish };
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  isObject(value) && "then" in value && typeof value.then === "function";

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

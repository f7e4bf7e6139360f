// An attempt that is sent to a second endpoint when the first is slow to answer: the first good answer is passed on, the
// other is dropped. For safe requests without a body alone. Between the request and the upstream, so that neither knows
// of two: the run sees one attempt, whose endpoint may turn out to be the other one.
import type { AttemptFailure } from "../resilience/retry-policy.js";
import { Deadline, type DeadlineOwner, type Deadlines } from "./deadlines.js";
import type { EndpointState } from "./endpoint-state.js";
import type { RawHeaders, UpstreamAttempt, UpstreamListener } from "./exchange.js";

export interface HedgedRun extends UpstreamListener {
  /** The attempt goes on with this endpoint, asked at that time; it is the run's to end. */
  adopt(endpoint: EndpointState, startedAt: number): void;
  /** Another endpoint for the same request, begun and within the retry budget, or null. */
  pickHedge(): EndpointState | null;
  /** The endpoint is out of the race. */
  loseHedge(endpoint: EndpointState, failure: AttemptFailure): void;
  now(): number;
}

export interface HedgeOptions {
  readonly run: HedgedRun;
  readonly deadlines: Deadlines;
  readonly afterMs: number;
  readonly send: (endpoint: EndpointState, listener: UpstreamListener) => UpstreamAttempt;
}

export class HedgedAttempt implements UpstreamAttempt, DeadlineOwner {
  readonly #options: HedgeOptions;
  readonly #deadline = new Deadline(this);
  /** Those still in the race. The run's own endpoint is `#owned`; the others are ended here. */
  readonly #legs = new Set<Leg>();
  #owned: EndpointState;

  constructor(endpoint: EndpointState, options: HedgeOptions) {
    this.#options = options;
    this.#owned = endpoint;
    this.#begin(endpoint);
    options.deadlines.set(this.#deadline, options.afterMs);
  }

  get requestSent(): boolean {
    return [...this.#legs].some(({ attempt }) => attempt?.requestSent ?? false);
  }

  resume(): void {
    for (const { attempt } of this.#legs) attempt?.resume();
  }

  abort(): void {
    this.#options.deadlines.lift(this.#deadline);
    for (const leg of [...this.#legs]) this.#drop(leg);
  }

  onDeadline(): void {
    const endpoint = this.#options.run.pickHedge();
    if (endpoint !== null) this.#begin(endpoint);
  }

  /** Only this one is left. */
  win(leg: Leg): void {
    const { run, deadlines } = this.#options;
    deadlines.lift(this.#deadline);
    if (this.#owned !== leg.endpoint) this.#adopt(leg);
    for (const other of [...this.#legs]) if (other !== leg) this.#drop(other);
    leg.listener = run;
  }

  /** True: another one is still in the race, and this one is out of it. */
  lose(leg: Leg, failure: AttemptFailure): boolean {
    const [other] = [...this.#legs].filter((one) => one !== leg);
    if (other === undefined) return false;
    this.#options.run.loseHedge(leg.endpoint, failure);
    if (this.#owned === leg.endpoint) this.#adopt(other);
    this.#drop(leg);
    return true;
  }

  #begin(endpoint: EndpointState): void {
    const leg = new Leg(this, endpoint, this.#options.run.now());
    this.#legs.add(leg);
    leg.attempt = this.#options.send(endpoint, leg);
  }

  /** The run ends this leg's endpoint from now on, and we the one that was its own. */
  #adopt(leg: Leg): void {
    this.#owned = leg.endpoint;
    this.#options.run.adopt(leg.endpoint, leg.startedAt);
  }

  #drop(leg: Leg): void {
    this.#legs.delete(leg);
    leg.attempt?.abort();
    if (leg.endpoint !== this.#owned) leg.endpoint.end();
  }
}

/** One of the two, until it has won: then the run listens itself. */
class Leg implements UpstreamListener {
  readonly endpoint: EndpointState;
  readonly startedAt: number;
  readonly #race: HedgedAttempt;
  attempt: UpstreamAttempt | null = null;
  listener: UpstreamListener | null = null;

  constructor(race: HedgedAttempt, endpoint: EndpointState, startedAt: number) {
    this.#race = race;
    this.endpoint = endpoint;
    this.startedAt = startedAt;
  }

  // Which of the two will be passed on is not known yet, and hints of both would contradict each other.
  onInterim(status: number, headers: RawHeaders): void {
    this.listener?.onInterim(status, headers);
  }

  onHead(status: number, headers: RawHeaders): void {
    const failure: AttemptFailure = { kind: "status", status, message: `the answer was ${status}` };
    if (status >= 500 && this.#race.lose(this, failure)) return;
    this.#race.win(this);
    this.listener?.onHead(status, headers);
  }

  onData(chunk: Uint8Array): void {
    this.listener?.onData(chunk);
  }

  onPause(): boolean {
    return this.listener?.onPause() ?? true;
  }

  onEnd(trailers: RawHeaders): boolean {
    return this.listener?.onEnd(trailers) ?? true;
  }

  onFailure(failure: AttemptFailure): void {
    if (this.listener === null) {
      if (this.#race.lose(this, failure)) return;
      this.#race.win(this);
    }
    this.listener?.onFailure(failure);
  }
}

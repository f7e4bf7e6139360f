// A discrete-event simulation of one service: requests arrive, wait in one line, and are served by replicas that a
// policy starts and stops. Any policy can be run through it; the same seed gives the same run on every machine.
import type { Rng } from "../../base/clock.js";
import { TuskError } from "../../base/errors.js";
import { checkObjective, checkServiceRate, mostServers, type WaitObjective } from "./erlang.js";
import { FinishTimes } from "./finish-times.js";
import { drawExponential, drawPoisson, seededRng } from "./random.js";
import { WaitRecord, type WaitSummary } from "./wait-record.js";

/** What a policy knows at the beginning of a tick. */
export interface TickObservation {
  /** Requests that came in the tick before; null at the first, or when they were not counted. */
  readonly arrivals: number | null;
  readonly tickSeconds: number;
  /** Serving and starting. */
  readonly replicas: number;
}

/** Remembers what it needs; asked once a tick. */
export interface ScalingPolicy {
  /** Replicas wanted from now on; a whole number of 1 or more. */
  decide(observation: TickObservation): number;
}

export interface SimulatedTraffic {
  /** Requests per second in each tick. */
  readonly rates: readonly number[];
  /** How many came in each tick. Default: drawn, Poisson. */
  readonly arrivals?: readonly number[];
  readonly tickSeconds: number;
}

export interface SimulationOptions {
  /** Requests per second that one replica serves, one at a time; service times are exponential. */
  readonly serviceRate: number;
  /** From the wish for a replica until it serves. 0 or more. */
  readonly startSeconds: number;
  readonly initialReplicas: number;
  /** Judges each minute. */
  readonly objective: WaitObjective;
  readonly seed: number;
}

export interface SimulationResult extends WaitSummary {
  /** Starting replicas cost too. */
  readonly replicaHours: number;
  readonly starts: number;
  readonly stops: number;
}

/**
 * The policy decides at the beginning of each tick from the ticks before it. A replica that is stopped serves its request
 * to the end; a request that still waits at the end of the run counts with its wait so far.
 * Throws REQUEST_INVALID for rates, counts, options or wishes out of range.
 */
export function simulateScaling(
  traffic: SimulatedTraffic,
  policy: ScalingPolicy,
  options: SimulationOptions,
): SimulationResult {
  checkSimulation(traffic, options);
  const { rates, tickSeconds } = traffic;
  const service = new SimulatedService(options);
  const draw = seededRng(options.seed);
  let arrivals: number | null = null;
  for (const [tick, rate] of rates.entries()) {
    const now = tick * tickSeconds;
    service.scaleTo(policy.decide({ arrivals, tickSeconds, replicas: service.replicas }), now);
    service.replicaSeconds += service.replicas * tickSeconds;
    arrivals = traffic.arrivals?.[tick] ?? drawPoisson(rate * tickSeconds, draw);
    for (const time of drawTimes(arrivals, { now, tickSeconds }, draw)) service.arrive(time);
    service.advanceTo(now + tickSeconds);
  }
  return service.close(rates.length * tickSeconds);
}

/** Given how many, Poisson arrivals are uniform in the tick. */
function drawTimes(count: number, tick: { now: number; tickSeconds: number }, draw: Rng): Float64Array {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index++) times[index] = tick.now + draw() * tick.tickSeconds;
  return times.sort();
}

class SimulatedService {
  replicaSeconds = 0;
  readonly #meanService: number;
  readonly #startSeconds: number;
  readonly #draw: Rng;
  readonly #waits: WaitRecord;
  readonly #inService = new FinishTimes();
  /** Arrival times; those before `#head` are served. */
  #line: number[] = [];
  #head = 0;
  /** When replicas that start will serve, in order. */
  #starting: number[] = [];
  #serving: number;
  #starts = 0;
  #stops = 0;

  constructor({ serviceRate, startSeconds, initialReplicas, objective, seed }: SimulationOptions) {
    this.#meanService = 1 / serviceRate;
    this.#startSeconds = startSeconds;
    this.#serving = initialReplicas;
    this.#waits = new WaitRecord(objective);
    this.#draw = seededRng(seed, 1);
  }

  get replicas(): number {
    return this.#serving + this.#starting.length;
  }

  /** The last to be started are the first to be stopped: they serve nobody yet. */
  scaleTo(wanted: number, now: number): void {
    if (!(Number.isInteger(wanted) && wanted >= 1 && wanted <= mostServers)) {
      throw new TuskError("REQUEST_INVALID", `the policy wants ${wanted} replicas`);
    }
    const change = wanted - this.replicas;
    if (change > 0) {
      this.#starts += change;
      for (let index = 0; index < change; index++) this.#starting.push(now + this.#startSeconds);
    } else if (change < 0) {
      this.#stops -= change;
      const cancelled = Math.min(-change, this.#starting.length);
      this.#starting.length -= cancelled;
      this.#serving += change + cancelled;
    }
    this.advanceTo(now);
  }

  arrive(time: number): void {
    this.advanceTo(time);
    this.#line.push(time);
    this.#serveFrom(time);
  }

  advanceTo(time: number): void {
    for (;;) {
      const ready = this.#starting[0] ?? Number.POSITIVE_INFINITY;
      const next = Math.min(ready, this.#inService.earliest);
      if (next > time) return;
      if (ready === next) {
        this.#starting.shift();
        this.#serving++;
      } else this.#inService.removeEarliest();
      this.#serveFrom(next);
    }
  }

  close(end: number): SimulationResult {
    for (const arrived of this.#line.slice(this.#head)) this.#waits.add(arrived, end - arrived);
    return {
      ...this.#waits.summary(),
      replicaHours: this.replicaSeconds / 3600,
      starts: this.#starts,
      stops: this.#stops,
    };
  }

  #serveFrom(now: number): void {
    while (this.#head < this.#line.length && this.#inService.size < this.#serving) {
      const arrived = this.#line[this.#head++] as number;
      this.#waits.add(arrived, now - arrived);
      this.#inService.add(now + drawExponential(this.#meanService, this.#draw));
    }
    if (this.#head === this.#line.length) {
      this.#line = [];
      this.#head = 0;
    } else if (this.#head > 10_000) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
  }
}

function checkSimulation({ rates, arrivals, tickSeconds }: SimulatedTraffic, options: SimulationOptions): void {
  checkServiceRate(options.serviceRate);
  checkObjective(options.objective);
  const refuse = (message: string): never => {
    throw new TuskError("REQUEST_INVALID", message);
  };
  if (!(tickSeconds > 0 && Number.isFinite(tickSeconds))) refuse(`a tick of ${tickSeconds} s`);
  if (!(options.startSeconds >= 0 && Number.isFinite(options.startSeconds)))
    refuse(`${options.startSeconds} s to start`);
  if (!Number.isSafeInteger(options.seed)) refuse(`the seed ${options.seed} is not a whole number`);
  if (!(Number.isInteger(options.initialReplicas) && options.initialReplicas >= 1)) {
    refuse(`${options.initialReplicas} replicas to begin with`);
  }
  const rate = rates.find((value) => !(value >= 0 && value * tickSeconds <= 1e7));
  if (rate !== undefined) refuse(`a rate of ${rate} requests per second`);
  const count = arrivals?.find((value) => !(Number.isInteger(value) && value >= 0 && value <= 1e7));
  if (count !== undefined) refuse(`${count} requests in a tick`);
}

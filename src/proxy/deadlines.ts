// The time limits of a worker's connections and requests: many, nearly all of them lifted again before they are over.
// Setting and lifting one is a few writes in a list, with one timer of the clock for all. In exchange they are coarse:
// never early, late by one slot at most.
import type { Clock, Timer } from "../base/clock.js";

const slotMs = 16;
/** A power of two. Longer limits wait in the last slot and move on from there. */
const slots = 2_048;
/** The list behind the slots: of those whose slot has come. */
const takenOut = slots;
const never = Number.POSITIVE_INFINITY;

export interface DeadlineOwner {
  /** The time is over; the deadline is lifted. */
  onDeadline(deadline: Deadline): void;
}

/** Belongs to one owner, which sets and lifts it any number of times. */
export class Deadline {
  readonly owner: DeadlineOwner;
  /** Monotonic milliseconds. */
  due = never;
  /** -1: not set. */
  slot = -1;
  before: Deadline | null = null;
  after: Deadline | null = null;

  constructor(owner: DeadlineOwner) {
    this.owner = owner;
  }
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #first: (Deadline | null)[] = new Array<Deadline | null>(slots + 1).fill(null);
  /** Counts slots from the clock's origin; all before it were looked at. */
  #position: number;
  #count = 0;
  #timer: Timer | null = null;
  #wakeAt = never;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#position = Math.floor(clock.monotonic() / slotMs);
  }

  /** How many are set. */
  get size(): number {
    return this.#count;
  }

  /** Monotonic milliseconds. */
  now(): number {
    return this.#clock.monotonic();
  }

  set(deadline: Deadline, delayMs: number): void {
    const now = this.#clock.monotonic();
    if (deadline.slot !== -1) {
      // One that is put off stays where it is, and is moved when its slot comes: most are put off by each request.
      if (now + delayMs >= deadline.due) {
        deadline.due = now + delayMs;
        return;
      }
      this.lift(deadline);
    }
    if (this.#count === 0) this.#position = Math.max(this.#position, Math.floor(now / slotMs));
    deadline.due = now + delayMs;
    this.#insert(deadline);
    this.#wake(deadline.due, now);
  }

  lift(deadline: Deadline): void {
    if (deadline.slot === -1) return;
    const { before, after, slot } = deadline;
    if (before === null) this.#first[slot] = after;
    else before.after = after;
    if (after !== null) after.before = before;
    deadline.before = null;
    deadline.after = null;
    deadline.slot = -1;
    this.#count--;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#wakeAt = never;
  }

  #insert(deadline: Deadline): void {
    const at = Math.min(Math.ceil(deadline.due / slotMs), this.#position + slots - 1);
    this.#link(deadline, Math.max(this.#position, at) & (slots - 1));
  }

  #link(deadline: Deadline, slot: number): void {
    const first = this.#first[slot] ?? null;
    deadline.slot = slot;
    deadline.after = first;
    if (first !== null) first.before = deadline;
    this.#first[slot] = deadline;
    this.#count++;
  }

  // The wait may be cut into parts, so that a timer that is already running is not set anew for each deadline.
  #wake(due: number, now: number): void {
    const at = Math.ceil(due / slotMs) * slotMs;
    if (at >= this.#wakeAt) return;
    this.#timer?.cancel();
    this.#wakeAt = at;
    this.#timer = this.#clock.setTimer(Math.max(0, at - now), () => this.#onWake());
  }

  #onWake(): void {
    this.#timer = null;
    this.#wakeAt = never;
    const now = this.#clock.monotonic();
    this.#collect(Math.floor(now / slotMs));
    this.#fire(now);
    if (this.#count > 0) this.#wake(this.#nextDue(), now);
  }

  /** Takes out what stands in the slots up to this one. */
  #collect(target: number): void {
    const last = Math.min(target, this.#position + slots - 1);
    for (let position = this.#position; position <= last; position++) {
      const slot = position & (slots - 1);
      for (let deadline = this.#first[slot] ?? null; deadline !== null; deadline = this.#first[slot] ?? null) {
        this.lift(deadline);
        this.#link(deadline, takenOut);
      }
    }
    this.#position = Math.max(this.#position, target + 1);
  }

  // From the head each time: an owner may set and lift others.
  #fire(now: number): void {
    for (let deadline = this.#first[takenOut] ?? null; deadline !== null; deadline = this.#first[takenOut] ?? null) {
      this.lift(deadline);
      if (deadline.due <= now) deadline.owner.onDeadline(deadline);
      else this.#insert(deadline);
    }
  }

  #nextDue(): number {
    for (let offset = 0; offset < slots; offset++) {
      const position = this.#position + offset;
      if (this.#first[position & (slots - 1)] !== null) return position * slotMs;
    }
    return (this.#position + slots) * slotMs;
  }
}

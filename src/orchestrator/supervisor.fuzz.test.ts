// Random histories against a small world of processes: whatever happens in whatever order, nothing is started twice,
// nothing is forgotten while it runs, the last ready one is not drained for a successor, and a stop ends in nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ServiceIntent } from "./service.js";
import { initialSupervisor, type SupervisorEffect, type SupervisorEvent, stepSupervisor } from "./supervisor.js";

const thresholds = { successThreshold: 1, failureThreshold: 2 };
const names = ["a", "b", "c"];

const intent = fc.record({
  service: fc.constantFrom(...names),
  hash: fc.constantFrom("x", "y", "z"),
  replicas: fc.integer({ min: 0, max: 3 }),
  startAfter: fc.subarray(names, { maxLength: 1 }),
  prepared: fc.boolean(),
});

const action = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant("apply" as const), services: fc.array(intent, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant("restart" as const), service: fc.constantFrom(...names) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant("wait" as const), ms: fc.constantFrom(1, 100, 1000, 60_000) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      act: fc.constantFrom(
        "started",
        "up",
        "up",
        "up",
        "exit",
        "drained",
        "clear",
        "clear",
        "unready",
        "dead",
        "lost",
        "taken",
        "unspawned",
        "prepare",
        "unprepare",
      ),
      pick: fc.nat(20),
    }),
  },
);

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

class World {
  state = initialSupervisor;
  now = 0;
  /** Runs that were spawned and not forgotten, by slot. */
  readonly lives = new Map<number, { readonly slot: string; begun: boolean; ending: boolean; exited: boolean }>();
  readonly preparing = new Map<string, string>();
  readonly spawned = new Set<number>();

  step(event: SupervisorEvent): void {
    const { state, effects } = stepSupervisor(this.state, event, this.now);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
    this.#check();
  }

  #perform(effect: SupervisorEffect): void {
    if (effect.type === "spawn") {
      assert.ok(!this.spawned.has(effect.run), "a run is spawned once");
      this.spawned.add(effect.run);
      this.lives.set(effect.run, { slot: effect.slot, begun: false, ending: false, exited: false });
    } else if (effect.type === "forget") {
      assert.ok(this.lives.delete(effect.run), "a run is forgotten once");
    } else if (effect.type === "terminate") {
      const life = this.lives.get(effect.run);
      assert.ok(life && !life.ending, "a run is terminated once");
      life.ending = true;
    } else if (effect.type === "drain") this.#checkDrain(effect.run);
    else if (effect.type === "prepare") this.preparing.set(effect.service, effect.target.hash);
  }

  #checkDrain(run: number): void {
    const slots = [...this.state.services.values()].flatMap((service) => service.slots);
    const slot = slots.find((candidate) => candidate.current?.run === run);
    if (slot?.current?.fate === "again") assert.ok(slot.successor?.ready, "the successor is ready before the drain");
  }

  #check(): void {
    const known = new Set<number>();
    for (const service of this.state.services.values()) {
      const ids = service.slots.map((slot) => slot.id);
      assert.equal(new Set(ids).size, ids.length, "no slot twice");
      for (const slot of service.slots) {
        for (const life of [slot.current, slot.successor]) if (life) known.add(life.run);
        if (slot.current === null) assert.equal(slot.successor, null, "no successor of nothing");
      }
      const rolling = service.slots.filter((slot) => slot.successor !== null && slot.successor.fate === null);
      assert.ok(rolling.length <= 1, "one slot at a time");
    }
    assert.deepEqual([...this.lives.keys()].sort(), [...known].sort(), "every process is known to the supervisor");
  }

  perform(chosen: Action): void {
    if (chosen.act === "apply") this.step({ type: "apply", services: uniqueIntents(chosen.services) });
    else if (chosen.act === "restart") this.step({ type: "restart", service: chosen.service });
    else if (chosen.act === "wait") {
      this.now += chosen.ms;
      this.step({ type: "tick" });
    } else if (chosen.act === "prepare" || chosen.act === "unprepare") this.#prepared(chosen.act === "prepare");
    else this.#happen(chosen.act, chosen.pick);
  }

  #prepared(ok: boolean): void {
    for (const [service, hash] of this.preparing) {
      this.preparing.delete(service);
      if (ok) this.step({ type: "prepared", service, hash });
      else this.step({ type: "prepare-failed", service, hash, reason: "no table" });
      return;
    }
  }

  #happen(act: string, pick: number): void {
    const runs = [...this.lives.keys()];
    const run = runs[pick % Math.max(1, runs.length)];
    const life = run === undefined ? undefined : this.lives.get(run);
    if (run === undefined || !life) return;
    const detail = act;
    life.begun ||= act !== "unspawned" && act !== "drained" && act !== "clear";
    if (act === "started") this.step({ type: "started", run, pid: run });
    else if (act === "up") {
      this.step({ type: "startup", run, ok: true, detail });
      this.step({ type: "readiness", run, ok: true, detail });
    } else if (act === "exit" && !life.exited) this.#exit(run);
    else if (act === "drained") this.step({ type: "drained", run });
    else if (act === "clear" && life.ending) this.#clear(run);
    else if (act === "unready") this.step({ type: "readiness", run, ok: false, detail });
    else if (act === "dead") this.step({ type: "liveness", run, ok: false, detail });
    else if (act === "lost") this.step({ type: "listener", run, state: "lost", detail });
    else if (act === "taken") this.step({ type: "port-taken", run, detail });
    else if (act === "unspawned" && !life.begun && !life.ending) {
      this.step({ type: "spawn-failed", run, reason: detail, transient: pick % 2 === 0 });
    }
  }

  #exit(run: number): void {
    const life = this.lives.get(run);
    if (life) life.exited = true;
    this.step({ type: "exited", run, exit: { code: 1, signal: null, unknown: false, at: "" } });
  }

  #clear(run: number): void {
    if (!this.lives.get(run)?.exited) this.#exit(run);
    this.step({ type: "cleared", run });
  }

  stop(): void {
    this.step({ type: "apply", services: [] });
    for (let round = 0; round < 10 && this.state.services.size > 0; round++) {
      for (const run of [...this.lives.keys()]) {
        this.step({ type: "drained", run });
        if (this.lives.get(run)?.ending) this.#clear(run);
      }
    }
  }
}

function uniqueIntents(
  services: readonly (typeof intent extends fc.Arbitrary<infer T> ? T : never)[],
): ServiceIntent[] {
  const byName = new Map(services.map((service) => [service.service, service]));
  return [...byName.values()].map(({ hash, ...rest }) => ({
    ...rest,
    startAfter: rest.startAfter.filter((name) => name !== rest.service),
    target: { revision: hash.charCodeAt(0), hash },
    policy: {
      probed: true,
      startupLimitMs: 60_000,
      readiness: thresholds,
      liveness: thresholds,
      drainMs: 5000,
      stopGraceMs: 10_000,
    },
  }));
}

test("supervisor: random histories keep the invariants and end in nothing", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80, size: "max" }), (actions) => {
      const world = new World();
      for (const chosen of actions) world.perform(chosen);
      world.stop();
      assert.equal(world.state.services.size, 0, "everything is stopped");
      assert.equal(world.lives.size, 0, "nothing is left");
    }),
    { numRuns: 500 },
  );
});

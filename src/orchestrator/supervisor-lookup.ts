// Finding one thing in the supervisor's state. Pure.
import type { Life } from "./life.js";
import type { Slot } from "./slot.js";
import type { SupervisorState } from "./supervisor.js";

export function slotOf(state: SupervisorState, id: string): Slot | undefined {
  for (const service of state.services.values()) {
    const slot = service.slots.find((candidate) => candidate.id === id);
    if (slot) return slot;
  }
  return undefined;
}

/** The life of a process: of its slot's current one, or of the successor. */
export function lifeOf(
  state: SupervisorState,
  process: { readonly slot: string; readonly run: number },
): Life | undefined {
  const slot = slotOf(state, process.slot);
  return [slot?.current, slot?.successor].find((life) => life?.run === process.run) ?? undefined;
}

/** Of the plans that a service may still need: wanted, planned, or run by one of its processes. Null: no such service. */
export function hashesOf(state: SupervisorState, service: string): ReadonlySet<string> | null {
  const known = state.services.get(service);
  if (!known) return null;
  const lives = known.slots.flatMap((slot) => [slot.current, slot.successor]).filter((life) => life !== null);
  return new Set([known.planned.hash, known.wanted.hash, ...lives.map((life) => life.target.hash)]);
}

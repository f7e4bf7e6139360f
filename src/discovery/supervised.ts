// What the controller knows of its own instances, as registry entries, and how one list differs from the next. Pure.
import type { RegisteredInstance, SupervisedInstance } from "./registry.js";

/** The entry for a supervised instance; the very same object as `before` when nothing changed. */
export function toSupervisedEntry(
  instance: SupervisedInstance,
  before: RegisteredInstance | undefined,
  nowIso: string,
): RegisteredInstance {
  if (before !== undefined && isUnchanged(before, instance)) return before;
  const sameState = before?.state === instance.state && before.epoch === instance.epoch;
  return {
    id: instance.id,
    service: instance.service,
    address: instance.address,
    port: instance.port,
    tags: Object.freeze([...(instance.tags ?? [])]),
    metadata: Object.freeze({ ...instance.metadata }),
    weight: 1,
    source: "supervisor",
    state: instance.state,
    reason: instance.reason,
    epoch: instance.epoch,
    registeredAt: before?.registeredAt ?? nowIso,
    changedAt: sameState ? before.changedAt : nowIso,
  };
}

function isUnchanged(before: RegisteredInstance, next: SupervisedInstance): boolean {
  return (
    before.service === next.service &&
    before.address === next.address &&
    before.port === next.port &&
    before.state === next.state &&
    before.reason === next.reason &&
    before.epoch === next.epoch &&
    isSameList(before.tags, next.tags ?? []) &&
    isSameRecord(before.metadata, next.metadata ?? {})
  );
}

function isSameList(first: readonly string[], second: readonly string[]): boolean {
  return first.length === second.length && first.every((item, position) => item === second[position]);
}

function isSameRecord(first: Readonly<Record<string, string>>, second: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(first);
  return keys.length === Object.keys(second).length && keys.every((key) => first[key] === second[key]);
}

// External registrations outlive a controller: kept in the state folder, read back when the next one starts. Also says
// which services exist in the registry alone, because those need a cluster in the proxy plan.
import type { EmitEvent } from "../base/event.js";
import type { StorableRegistry } from "../discovery/create-registry.js";
import { restore, snapshot } from "../discovery/snapshot.js";
import { readJson, writeJsonAtomic } from "../system/atomic-file.js";

export interface ExternalServices {
  /** Names of services with external instances, sorted. */
  names(): readonly string[];
  close(): void;
}

export interface ExternalOptions {
  readonly registry: StorableRegistry;
  readonly file: string;
  readonly emit: EmitEvent;
  /** The set of names changed. */
  readonly onNames: () => void;
}

export function keepExternalServices({ registry, file, emit, onNames }: ExternalOptions): ExternalServices {
  for (const problem of restoreFrom(registry, file)) {
    emit({
      kind: "state.damaged",
      level: "error",
      message: `an external registration in ${file} was not restored: ${problem}`,
    });
  }
  let names = namesIn(registry);
  let scheduled = false;
  const save = (): void => {
    scheduled = false;
    writeJsonAtomic(file, snapshot(registry), { durable: false });
    const now = namesIn(registry);
    if (now.join() === names.join()) return;
    names = now;
    onNames();
  };
  const stop = registry.watch("*", (change) => {
    if (change.instance.source !== "external" || scheduled) return;
    scheduled = true;
    queueMicrotask(save);
  });
  return { names: () => names, close: stop };
}

function restoreFrom(registry: StorableRegistry, file: string): string[] {
  try {
    return restore(registry, readJson(file)).map((problem) => `${problem.path} ${problem.message}`);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function namesIn(registry: StorableRegistry): string[] {
  const external = registry.stored().map((entry) => entry.registration.service);
  return [...new Set(external)].sort();
}

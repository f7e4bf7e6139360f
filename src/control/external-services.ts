// External registrations outlive a controller: kept in the state folder, read back when the next one starts. Also says
// which services exist in the registry alone, because those need a cluster in the proxy plan.
import { messageOf, type Problem } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { StorableRegistry } from "../discovery/create-registry.js";
import { restore, snapshot } from "../discovery/snapshot.js";
import { readJson, setAside, writeJsonAtomic } from "../system/atomic-file.js";

export interface ExternalServices {
  /** Names of services with external instances, sorted. */
  names(): readonly string[];
  /** Writes nothing more. */
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
  restoreFrom(file, registry, emit);
  let names = namesIn(registry);
  let scheduled = false;
  let closed = false;
  const save = (): void => {
    scheduled = false;
    if (closed) return;
    store(file, registry, emit);
    const now = namesIn(registry);
    if (now.join() === names.join()) return;
    names = now;
    onNames();
  };
  const stop = registry.watch("*", ({ instance }) => {
    if (instance.source !== "external" || scheduled) return;
    scheduled = true;
    queueMicrotask(save);
  });
  return {
    names: () => names,
    close: () => {
      closed = true;
      stop();
    },
  };
}

function store(file: string, registry: StorableRegistry, emit: EmitEvent): void {
  try {
    writeJsonAtomic(file, snapshot(registry), { durable: false, mode: 0o600, makeFolders: false });
  } catch (error) {
    // The registry in memory goes on; the next change tries again.
    const message = `the external registrations were not stored in ${file}: ${messageOf(error)}`;
    emit({ kind: "state.not-stored", level: "error", message });
  }
}

function restoreFrom(file: string, registry: StorableRegistry, emit: EmitEvent): void {
  const problems = read(file, registry);
  if (problems.length === 0) return;
  const aside = setAside(file);
  const what = problems.map(({ path, message }) => `${path} ${message}`.trim()).join("; ");
  const message = `not every external registration was restored; the file was set aside as ${aside}: ${what}`;
  emit({ kind: "state.damaged", level: "error", message });
}

function read(file: string, registry: StorableRegistry): readonly Problem[] {
  try {
    return restore(registry, readJson(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [{ path: "", message: error.message }];
  }
}

function namesIn(registry: StorableRegistry): string[] {
  const external = registry.stored().map((entry) => entry.registration.service);
  return [...new Set(external)].sort();
}

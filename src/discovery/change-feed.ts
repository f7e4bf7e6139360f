// Tells watchers of changes: synchronously, in order, each watcher for itself. A change made inside a listener is told
// after the present one, so that every watcher sees the same order.
import { messageOf } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { Unsubscribe } from "../base/watchable.js";
import type { RegistryChange } from "./registry.js";

export type ChangeListener = (change: RegistryChange) => void;

interface Watcher {
  readonly service: string;
  readonly listener: ChangeListener;
}

const everything = "*";

export class ChangeFeed {
  readonly #emit: EmitEvent;
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #queue: { readonly index: number; readonly change: RegistryChange }[] = [];
  #index = 0;
  #telling: number | null = null;

  constructor(emit: EmitEvent) {
    this.#emit = emit;
  }

  /** Number of the last change; inside a listener, of the change that it is told of. */
  get index(): number {
    return this.#telling ?? this.#index;
  }

  watch(service: string, listener: ChangeListener): Unsubscribe {
    const watcher: Watcher = { service, listener };
    const set = this.#watchers.get(service) ?? new Set();
    set.add(watcher);
    this.#watchers.set(service, set);
    return () => this.#forget(watcher);
  }

  publish(change: RegistryChange): void {
    this.#queue.push({ index: ++this.#index, change });
    if (this.#telling !== null) return;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#telling = next.index;
      this.#tell(next.change);
    }
    this.#telling = null;
  }

  close(): void {
    this.#watchers.clear();
  }

  #forget(watcher: Watcher): void {
    const set = this.#watchers.get(watcher.service);
    set?.delete(watcher);
    if (set?.size === 0) this.#watchers.delete(watcher.service);
  }

  #tell(change: RegistryChange): void {
    const present = [...(this.#watchers.get(change.instance.service) ?? []), ...(this.#watchers.get(everything) ?? [])];
    for (const watcher of present) {
      // One that was told earlier may have unsubscribed this one.
      if (this.#watchers.get(watcher.service)?.has(watcher)) this.#call(watcher, change);
    }
  }

  #call(watcher: Watcher, change: RegistryChange): void {
    try {
      watcher.listener(change);
    } catch (error) {
      this.#emit({
        kind: "watcher.failed",
        level: "error",
        service: change.instance.service,
        instance: change.instance.id,
        message: `a watcher of ${watcher.service} threw: ${messageOf(error)}`,
      });
    }
  }
}

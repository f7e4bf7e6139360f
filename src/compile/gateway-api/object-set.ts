// The objects of a folder by kind and name. Later stages ask here and nowhere else.
import type { Problem } from "../../base/errors.js";
import type { KubernetesKind, LoadedObject } from "../../model/kubernetes/parse-objects.js";

const clusterScoped: ReadonlySet<string> = new Set<KubernetesKind>(["GatewayClass", "Namespace"]);

export class ObjectSet {
  /** Of objects that are there twice. */
  readonly problems: readonly Problem[];
  readonly #byKind: { readonly [Kind in KubernetesKind]: Map<string, LoadedObject<Kind>> } = {
    GatewayClass: new Map(),
    Gateway: new Map(),
    HTTPRoute: new Map(),
    ReferenceGrant: new Map(),
    Namespace: new Map(),
    Service: new Map(),
    EndpointSlice: new Map(),
    Secret: new Map(),
  };

  constructor(objects: readonly LoadedObject[]) {
    this.problems = objects.flatMap((loaded) => this.#add(loaded));
  }

  /** Oldest first, then by namespace and name: the order in which the Gateway API gives precedence. */
  list<Kind extends KubernetesKind>(kind: Kind): LoadedObject<Kind>[] {
    return [...this.#byKind[kind].values()].sort(
      (a, b) => compareText(ageOf(a), ageOf(b)) || compareText(nameOf(a), nameOf(b)),
    );
  }

  find<Kind extends KubernetesKind>(kind: Kind, name: string): LoadedObject<Kind> | undefined {
    return this.#byKind[kind].get(name);
  }

  #add(loaded: LoadedObject): Problem[] {
    const { kind } = loaded.object;
    const name = nameOf(loaded);
    const known: Map<string, LoadedObject> = this.#byKind[kind] as Map<string, LoadedObject>;
    const other = known.get(name);
    if (!other) {
      known.set(name, loaded);
      return [];
    }
    const message = `${kind} ${name} is there twice: also in ${other.file}:${other.lineOf([])}`;
    return [{ path: "metadata.name", message, file: loaded.file, line: loaded.lineOf(["metadata", "name"]) }];
  }
}

export function namespaceOf({ object: { metadata } }: LoadedObject): string {
  return metadata.namespace ?? "default";
}

/** `namespace/name`, or the name where the kind has no namespace. */
export function nameOf(loaded: LoadedObject): string {
  const { kind, metadata } = loaded.object;
  return clusterScoped.has(kind) ? metadata.name : `${namespaceOf(loaded)}/${metadata.name}`;
}

/** One without a time is younger than every one with a time: it was not written by a cluster. */
function ageOf({ object: { metadata } }: LoadedObject): string {
  return metadata.creationTimestamp ?? "~";
}

export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

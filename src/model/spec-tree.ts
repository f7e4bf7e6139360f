// A spec as a tree of named entries: services, listeners and routes by name instead of by position. What differences
// and merges work on, so that moving an entry is no change of it.
import type { AppSpec } from "./app-spec.js";
import { isRecord } from "./spec-path.js";

/** Keys of a tree keep the order of the list that they were. */
export type SpecTree = ReadonlyMap<string, unknown>;

/** Fields that mean something only as a whole. */
const wholes = new Set([
  "build",
  "setup",
  "run",
  "check",
  "fault",
  "hashOn",
  "subset",
  "zone",
  "adaptive",
  "accessLog",
  "tls",
]);

/** The named entries of an object or a tree, or null where the value is one thing. */
export function membersOf(value: unknown, key: string): ReadonlyMap<string, unknown> | null {
  if (value instanceof Map) return value;
  if (!isRecord(value) || wholes.has(key)) return null;
  return new Map(Object.entries(value).filter(([, member]) => member !== undefined));
}

export function toTree(spec: AppSpec): SpecTree {
  const { services, gateway, ...rest } = spec;
  const { listeners, routes, ...ofGateway } = gateway;
  const byName = <Item extends { readonly name: string }>(items: readonly Item[]): Map<string, Item> =>
    new Map(items.map((item) => [item.name, item]));
  return new Map<string, unknown>([
    ...Object.entries(rest),
    ["services", byName(services)],
    [
      "gateway",
      new Map([["listeners", byName(listeners)], ["routes", byName(routes)], ...Object.entries(ofGateway)] as [
        string,
        unknown,
      ][]),
    ],
  ]);
}

export function fromTree(tree: SpecTree): AppSpec {
  const gateway = childOf(tree, "gateway");
  return {
    ...Object.fromEntries(tree),
    services: [...childOf(tree, "services").values()],
    gateway: {
      ...Object.fromEntries(gateway),
      listeners: [...childOf(gateway, "listeners").values()],
      routes: [...childOf(gateway, "routes").values()],
    },
  } as unknown as AppSpec;
}

function childOf(tree: ReadonlyMap<string, unknown>, key: string): ReadonlyMap<string, unknown> {
  const child = tree.get(key);
  return child instanceof Map ? child : new Map();
}

// The routes of one gateway listener, found by host and then by path. Made when a plan is loaded; holds the same order
// of precedence as the plan's list.
import type { GatewayListenerPlan } from "../plan/proxy-plan.js";
import { HostTable } from "./host-table.js";
import { PathTree } from "./path-tree.js";
import type { RequestHead } from "./request-head.js";
import { type PreparedEntry, prepareEntry } from "./route-match.js";

/** A listener of the Gateway API: of those that share a socket, the most specific takes the request. */
interface Section {
  name: string;
  readonly hosts: HostTable<PathGroup>;
}

interface PathGroup {
  readonly entries: PreparedEntry[];
  tree: PathTree;
}

export type RouteSearch =
  | { readonly kind: "found"; readonly prepared: PreparedEntry }
  /** The listener does not serve this host. */
  | { readonly kind: "foreign" }
  | { readonly kind: "none" };

const foreign: RouteSearch = { kind: "foreign" };
const none: RouteSearch = { kind: "none" };

export class RouteIndex {
  /** In the plan's order. */
  readonly entries: readonly PreparedEntry[];
  readonly #sections = new HostTable<Section>(() => ({ name: "", hosts: new HostTable(emptyGroup) }));

  constructor(listener: GatewayListenerPlan) {
    this.entries = listener.routes.map(prepareEntry);
    const sections = listener.sections ?? [{ name: "", hostname: listener.hostname }];
    for (const { name, hostname } of sections) {
      const section = this.#sections.ensure(hostname);
      section.name = name;
      fill(section.hosts, this.entries, name);
    }
  }

  find(head: RequestHead): RouteSearch {
    const section = this.#sections.allOf(head.hostname)[0];
    if (section === undefined) return foreign;
    for (const { tree } of section.hosts.allOf(head.hostname)) {
      const prepared = tree.find(head);
      if (prepared !== null) return { kind: "found", prepared };
    }
    return none;
  }

  /** Null: none serves this host. */
  sectionOf(hostname: string): string | null {
    return this.#sections.allOf(hostname)[0]?.name ?? null;
  }
}

function fill(hosts: HostTable<PathGroup>, entries: readonly PreparedEntry[], section: string): void {
  const groups = new Set<PathGroup>();
  for (const prepared of entries) {
    if ((prepared.entry.section ?? "") !== section) continue;
    const patterns = prepared.hostnames.length === 0 ? [undefined] : prepared.hostnames;
    for (const pattern of patterns) {
      const group = hosts.ensure(pattern);
      group.entries.push(prepared);
      groups.add(group);
    }
  }
  for (const group of groups) group.tree = new PathTree(group.entries);
}

function emptyGroup(): PathGroup {
  return { entries: [], tree: new PathTree([]) };
}

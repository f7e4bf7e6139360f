// Finds route entries by path: a radix tree over the characters of exact paths and prefixes, so that a thousand routes
// cost what one costs. A look-up allocates nothing. Made once, when a plan is loaded.
import type { RequestHead } from "./request-head.js";
import { firstUnmetCondition, isElementEnd, type PreparedEntry } from "./route-match.js";

interface Node {
  /** From the node above to this one. */
  label: string;
  /** Characters from the root. */
  length: number;
  children: Map<number, Node>;
  readonly exact: PreparedEntry[];
  readonly prefix: PreparedEntry[];
  /** The next shorter prefix that has entries. */
  shorter: Node | null;
}

export class PathTree {
  readonly #root: Node = nodeOf("", 0);
  readonly #expressions: PreparedEntry[] = [];

  /** In order of precedence. */
  constructor(entries: readonly PreparedEntry[]) {
    for (const prepared of entries) {
      if (prepared.pathTest !== null) this.#expressions.push(prepared);
      else if (prepared.entry.path.type === "Exact") this.#insert(prepared.path).exact.push(prepared);
      else this.#insert(prepared.path).prefix.push(prepared);
    }
    link(this.#root, null);
  }

  /** Exact before regular expression before the longest prefix; among equals the first whose conditions are met. */
  find(head: RequestHead): PreparedEntry | null {
    const { path } = head;
    let node = this.#root;
    let longest: Node | null = node.prefix.length > 0 ? node : null;
    let at = 0;
    while (at < path.length) {
      const child = node.children.get(path.charCodeAt(at));
      if (child === undefined || !path.startsWith(child.label, at)) break;
      node = child;
      at = node.length;
      if (node.prefix.length > 0) longest = node;
    }
    const exact = at === path.length ? firstMet(node.exact, head) : null;
    return exact ?? this.#findExpression(head) ?? findPrefix(longest, head);
  }

  #findExpression(head: RequestHead): PreparedEntry | null {
    for (const prepared of this.#expressions) {
      const { pathTest } = prepared;
      if (pathTest === null || !head.path.startsWith(pathTest.prefix) || !pathTest.matches(head.path)) continue;
      if (firstUnmetCondition(prepared, head) === null) return prepared;
    }
    return null;
  }

  #insert(path: string): Node {
    let node = this.#root;
    let at = 0;
    while (at < path.length) {
      const rest = path.slice(at);
      const child = node.children.get(rest.charCodeAt(0));
      if (child === undefined) return append(node, rest);
      const shared = sharedLength(child.label, rest);
      node = shared === child.label.length ? child : split(node, child, shared);
      at += shared;
    }
    return node;
  }
}

function findPrefix(longest: Node | null, head: RequestHead): PreparedEntry | null {
  for (let node = longest; node !== null; node = node.shorter) {
    if (!isElementEnd(head.path, node.length)) continue;
    const found = firstMet(node.prefix, head);
    if (found !== null) return found;
  }
  return null;
}

function firstMet(entries: readonly PreparedEntry[], head: RequestHead): PreparedEntry | null {
  for (const prepared of entries) if (firstUnmetCondition(prepared, head) === null) return prepared;
  return null;
}

function nodeOf(label: string, length: number): Node {
  return { label, length, children: new Map(), exact: [], prefix: [], shorter: null };
}

function append(parent: Node, label: string): Node {
  const node = nodeOf(label, parent.length + label.length);
  parent.children.set(label.charCodeAt(0), node);
  return node;
}

/** Puts a node between the two, after the first `shared` characters of the lower one's label. */
function split(parent: Node, child: Node, shared: number): Node {
  const between = append(parent, child.label.slice(0, shared));
  child.label = child.label.slice(shared);
  between.children.set(child.label.charCodeAt(0), child);
  return between;
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

function link(root: Node, above: Node | null): void {
  const waiting: { node: Node; shorter: Node | null }[] = [{ node: root, shorter: above }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { node, shorter } = next;
    node.shorter = shorter;
    const below = node.prefix.length > 0 ? node : shorter;
    for (const child of node.children.values()) waiting.push({ node: child, shorter: below });
  }
}

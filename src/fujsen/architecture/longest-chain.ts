// The longest row of services that wait for one another, from any entry.

import type { FlowCall } from "./flow-model.js";
import { calleesFirst, callsOf } from "./graph.js";

/** A call that is made in fewer requests is no part of what a request goes through. */
const usualCall = 0.1;

/** `calls` must be without cycles. Of two chains of one length, the one with more calls, then the first by name. */
export function longestChains(calls: readonly FlowCall[]): (entry: string) => string[] {
  const usual = calls.filter(({ callsPerRequest }) => (callsPerRequest ?? 0) >= usualCall);
  const byCaller = callsOf(usual);
  const lengths = new Map<string, { readonly length: number; readonly next: string | null }>();
  for (const name of calleesFirst([...byCaller.keys()], usual)) {
    let [length, next, most]: [number, string | null, number] = [1, null, 0];
    for (const { callee, callsPerRequest } of byCaller.get(name) ?? []) {
      const through = 1 + (lengths.get(callee)?.length ?? 1);
      const count = callsPerRequest ?? 0;
      if (through > length || (through === length && count > most)) [length, next, most] = [through, callee, count];
    }
    lengths.set(name, { length, next });
  }
  return (entry) => {
    const chain: string[] = [];
    for (let at: string | null = entry; at !== null; at = lengths.get(at)?.next ?? null) chain.push(at);
    return chain;
  };
}

// Says when a fault that a plan injects begins and when it ends, so that nobody takes it for a real one. The faults act
// without it: each request looks at the time itself.
import type { Clock, Timer } from "../base/clock.js";
import type { PolicyNoticeKind } from "../keeper/protocol.js";
import type { FaultPlan, ListenerPlan, ProxyPlan, RouteAction } from "../plan/proxy-plan.js";

export interface FaultWatchOptions {
  readonly clock: Clock;
  readonly announce: (cluster: string, kind: PolicyNoticeKind, reason: string) => void;
}

interface Injected {
  /** Tells one fault from a changed one. */
  readonly key: string;
  readonly cluster: string;
  readonly where: string;
  readonly fault: FaultPlan;
}

/** Timers of Node run for less than 25 days. */
const longestWaitMs = 24 * 60 * 60 * 1000;

export class FaultWatch {
  readonly #options: FaultWatchOptions;
  readonly #running = new Map<string, { readonly injected: Injected; timer: Timer | null }>();

  constructor(options: FaultWatchOptions) {
    this.#options = options;
  }

  setPlan(plan: ProxyPlan): void {
    const { clock, announce } = this.#options;
    const now = clock.now();
    const wanted = new Map(
      plan.listeners
        .flatMap(faultsOf)
        .filter(({ fault }) => fault.untilEpochMs > now)
        .map((injected) => [injected.key, injected]),
    );
    for (const [key, { injected }] of this.#running) if (!wanted.has(key)) this.#end(injected, "taken back");
    for (const [key, injected] of wanted) {
      if (this.#running.has(key)) continue;
      this.#running.set(key, { injected, timer: null });
      announce(injected.cluster, "fault.injected", `${injected.where}: ${describeFault(injected.fault)}`);
      this.#await(injected);
    }
  }

  close(): void {
    for (const { timer } of this.#running.values()) timer?.cancel();
    this.#running.clear();
  }

  #await(injected: Injected): void {
    const { clock } = this.#options;
    const running = this.#running.get(injected.key);
    if (running === undefined) return;
    const leftMs = Math.min(longestWaitMs, injected.fault.untilEpochMs - clock.now());
    running.timer = clock.setTimer(Math.max(0, Math.ceil(leftMs)), () => {
      if (clock.now() >= injected.fault.untilEpochMs) this.#end(injected, "its time is over");
      else this.#await(injected);
    });
  }

  #end({ key, cluster, where }: Injected, why: string): void {
    this.#running.get(key)?.timer?.cancel();
    this.#running.delete(key);
    this.#options.announce(cluster, "fault.ended", `${where}: the injected fault ended: ${why}`);
  }
}

export function describeFault({ delayMs, delayShare, abortStatus, abortShare, untilEpochMs }: FaultPlan): string {
  const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
  const parts = [
    delayMs > 0 && `${percent(delayShare)} of the requests wait ${delayMs} ms`,
    abortStatus > 0 && `${percent(abortShare)} are answered ${abortStatus}`,
  ].filter((text) => text !== false);
  return `${parts.join(", ")}, until ${new Date(untilEpochMs).toISOString()}`;
}

function faultsOf(listener: ListenerPlan): Injected[] {
  return actionsOf(listener).flatMap(([where, action]) => {
    const { fault, backends } = action;
    if (fault === undefined) return [];
    const key = `${where} ${JSON.stringify(fault)}`;
    return [{ key, where, fault, cluster: backends[0]?.cluster ?? "" }];
  });
}

/** Each under its name; the egress way of a declared call is the edge's own. */
function actionsOf(listener: ListenerPlan): [string, RouteAction][] {
  switch (listener.kind) {
    case "gateway":
      return listener.routes.map(({ route, action }) => [`route ${route}`, action]);
    case "edge":
      return [[`calls of ${listener.caller} to ${listener.callee}`, listener.action]];
    case "egress":
      return Object.entries(listener.allowed).map(([name, action]) => [
        `calls of ${listener.caller} to ${name}`,
        action,
      ]);
  }
}

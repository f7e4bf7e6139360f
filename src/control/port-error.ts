// What to say about a listener whose port cannot be had: why, who holds it, and what to do.
import { TuskError } from "../base/errors.js";
import type { ListenResult } from "../keeper/protocol.js";
import { describeHolders, holdersOf, listeningSockets } from "../system/listeners.js";

export interface WantedSocket {
  /** Of the listener, as in the plan: `gateway/127.0.0.1:8080`, `edge/orders/users`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const reasons = {
  "in-use": "the port is taken",
  denied: "this user may not listen on it",
  "no-such-address": "this machine has no such address",
} as const;

type FailedListen = Extract<ListenResult, { ok: false }>;
type Failure = keyof typeof reasons;

const byCode: Readonly<Record<string, Failure>> = { EADDRINUSE: "in-use", EACCES: "denied" };

/** `why` is what `tryBind` found or the system's error code. */
export function portError({ name, host, port }: WantedSocket, why: Failure | FailedListen["code"]): TuskError {
  const failure = why in reasons ? (why as Failure) : (byCode[why] ?? "no-such-address");
  const sockets = failure === "in-use" ? listeningSockets(port) : [];
  const holder = sockets.length > 0 ? ` by ${describeHolders(holdersOf(sockets))}` : "";
  const isGateway = name.startsWith("gateway/");
  const who = isGateway ? "the gateway" : `the listener ${name}`;
  const message = `${who} cannot listen on ${host}:${port}: ${reasons[failure]}${holder}`;
  return new TuskError("PORT_IN_USE", message, {
    hint: isGateway
      ? "set another port under `gateway: { port: ... }`, or stop the other process"
      : "this port belongs to the app: stop the other process",
    details: { listener: name, host, port, reason: failure },
  });
}

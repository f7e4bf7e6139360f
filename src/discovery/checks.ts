// The I/O of active checks: one HTTP request or one TCP connection, with a deadline. Never rejects: a check that
// cannot even be made has failed, and says how. Follows no redirect and reads no body, so that a hostile target costs little.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Clock } from "../base/clock.js";
import { messageOf } from "../base/errors.js";
import type { CheckResult } from "./check-state.js";
import type { CheckSpec } from "./registry.js";

/** Makes one check. `signal` gives it up. */
export type Checker = (check: CheckSpec, signal: AbortSignal) => Promise<CheckResult>;

type Finish = (ok: boolean, detail: string) => void;
/** Begins the attempt; returns how to give it up. */
type Attempt = (finish: Finish) => () => void;

/** Checks with real sockets. An HTTP answer of 200 to 399 passes, a TCP connection passes. */
export function createChecker(clock: Clock): Checker {
  return (check, signal) =>
    withDeadline(clock, check.timeoutMs, signal, (finish) =>
      check.kind === "http" ? httpAttempt(check.url, finish) : tcpAttempt(check.address, check.port, finish),
    );
}

function withDeadline(clock: Clock, timeoutMs: number, signal: AbortSignal, attempt: Attempt): Promise<CheckResult> {
  return new Promise((resolve) => {
    let giveUp: (() => void) | undefined;
    let ended = false;
    const finish: Finish = (ok, detail) => {
      if (ended) return;
      ended = true;
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      giveUp?.();
      resolve({ ok, detail });
    };
    const onAbort = (): void => finish(false, "given up");
    const timer = clock.setTimer(timeoutMs, () => finish(false, `timed out after ${timeoutMs} ms`));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return onAbort();
    giveUp = attempt(finish);
    if (ended) giveUp();
  });
}

function httpAttempt(url: string, finish: Finish): () => void {
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const request = send(url, { agent: false, headers: { "user-agent": "tusk-check", connection: "close" } });
  request.on("response", (response) => {
    const status = response.statusCode ?? 0;
    finish(status >= 200 && status < 400, `status ${status}`);
  });
  // Stays attached after the end: destroying a request may still emit an error, which nobody needs any more.
  request.on("error", (error) => finish(false, reasonOf(error)));
  request.end();
  return () => request.destroy();
}

function tcpAttempt(address: string, port: number, finish: Finish): () => void {
  const socket = connect({ host: address, port });
  socket.on("connect", () => finish(true, "connected"));
  // Stays attached after the end for the same reason as above.
  socket.on("error", (error) => finish(false, reasonOf(error)));
  return () => socket.destroy();
}

const plainReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name could not be resolved",
};

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return (code !== undefined && plainReasons[code]) || messageOf(error) || code || "failed";
}

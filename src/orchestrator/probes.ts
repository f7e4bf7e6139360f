// One probe of one instance, now: http, tcp or a command. An http or tcp probe passes only when the process that
// listens belongs to the instance, because anything may answer on a port.
import { connect } from "node:net";
import { messageOf } from "../base/errors.js";
import type { CommandPlan, ProbePlan } from "../plan/process-plan.js";
import type { OwnListener } from "./listener.js";
import type { CommandStart } from "./spawn-instance.js";
import { spawnCommand } from "./spawn-instance.js";

export interface ProbeTarget {
  /** The instance's own PORT. */
  readonly port: number;
  readonly cwd: string;
  /** For command probes, complete. */
  readonly env: Readonly<Record<string, string>>;
  readonly listenerOn: (port: number) => OwnListener;
  /** Ends a command probe with everything that it started; nothing to do when none runs. */
  readonly endCommand: () => Promise<void>;
}

export interface ProbeOutcome {
  readonly ok: boolean;
  readonly detail: string;
  readonly durationMs: number;
  /** Another's process listens on the instance's own port. */
  readonly taken: boolean;
  /** Nothing listens on 127.0.0.1. */
  readonly refused: boolean;
}

/** A body is read to its end or to here, so that a server is not reset without need. */
const bodyLimitBytes = 64 * 1024;
const address = "127.0.0.1";

/** Never rejects: what goes wrong is the outcome. */
export async function runProbe(probe: ProbePlan, target: ProbeTarget): Promise<ProbeOutcome> {
  const began = performance.now();
  const verdict = await check(probe, target).catch((error): Verdict => ({ ok: false, detail: messageOf(error) }));
  const durationMs = Math.round((performance.now() - began) * 10) / 10;
  return { taken: false, refused: false, ...verdict, durationMs };
}

interface Verdict {
  readonly ok: boolean;
  readonly detail: string;
  readonly taken?: boolean;
  readonly refused?: boolean;
}

/** Asks first, and then who it was that answered: while nothing listens, that is the cheaper order. */
async function check({ check, timeoutMs }: ProbePlan, target: ProbeTarget): Promise<Verdict> {
  if (check.kind === "command") return runCommand(check.command, timeoutMs, target);
  const port = check.port ?? target.port;
  const verdict = await (check.kind === "tcp" ? tcpConnect(port, timeoutMs) : httpGet({ ...check, port }, timeoutMs));
  if (verdict.refused) return verdict;
  const look = target.listenerOn(port).look();
  if (look.state === "foreign") return { ok: false, detail: look.detail, taken: port === target.port };
  return look.state === "none" && verdict.ok ? { ok: false, detail: look.detail } : verdict;
}

function tcpConnect(port: number, timeoutMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const done = (verdict: Verdict): void => {
      socket.destroy();
      resolve(verdict);
    };
    socket.setTimeout(timeoutMs, () => done(timedOut(timeoutMs)));
    socket.once("connect", () => done({ ok: true, detail: `connected to port ${port}` }));
    socket.once("error", (error) => done(connectError(error, port)));
  });
}

/** Redirects are not followed: they are an answer. The status decides, the body is thrown away. */
async function httpGet(
  check: { readonly path: string; readonly port: number; readonly statuses: readonly [number, number] },
  timeoutMs: number,
): Promise<Verdict> {
  const { request } = await import("node:http");
  return new Promise((resolve) => {
    const headers = { host: `${address}:${check.port}`, "user-agent": "tusk-probe", connection: "close" };
    const sent = request({ host: address, port: check.port, path: check.path, headers, agent: false });
    const late = setTimeout(() => end(timedOut(timeoutMs)), timeoutMs);
    const end = (verdict: Verdict): void => {
      clearTimeout(late);
      sent.destroy();
      resolve(verdict);
    };
    sent.once("error", (error) => end(connectError(error, check.port)));
    sent.once("response", (response) => {
      const status = response.statusCode ?? 0;
      const [from, to] = check.statuses;
      const ok = status >= from && status <= to;
      const verdict = { ok, detail: `${status} ${response.statusMessage ?? ""}`.trim().slice(0, 200) };
      resolve(verdict);
      let held = 0;
      response.on("data", (chunk: Buffer) => {
        held += chunk.length;
        if (held > bodyLimitBytes) end(verdict);
      });
      response.once("close", () => end(verdict));
    });
    sent.end();
  });
}

function timedOut(timeoutMs: number): Verdict {
  return { ok: false, detail: `timed out after ${timeoutMs} ms` };
}

function connectError(error: NodeJS.ErrnoException, port: number): Verdict {
  if (error.code === "ECONNREFUSED") return { ok: false, detail: `connection refused on port ${port}`, refused: true };
  if (error.code === "ECONNRESET") return { ok: false, detail: "connection reset" };
  return { ok: false, detail: error.message };
}

function runCommand(command: CommandPlan, timeoutMs: number, target: ProbeTarget): Promise<Verdict> {
  const start: CommandStart = { command, cwd: target.cwd, env: target.env, logFile: "/dev/null" };
  return new Promise((resolve) => {
    const child = spawnCommand(start, ({ reason }) => resolve({ ok: false, detail: reason }));
    if (child === null) return;
    const late = setTimeout(() => {
      void target.endCommand().then(() => resolve(timedOut(timeoutMs)));
    }, timeoutMs);
    child.once("exit", (code, signal) => {
      clearTimeout(late);
      resolve({ ok: code === 0, detail: signal === null ? `exit code ${code}` : `killed by ${signal}` });
    });
  });
}

// Starts a program as the driver would (own session, TUSK_INSTANCE), for tests of the parts below the driver.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { instanceVariable } from "../../src/orchestrator/instance-tag.js";
import { bootId, type ProcessIdentity, readStat } from "../../src/system/proc.js";

export interface TaggedProcess {
  readonly pid: number;
  readonly identity: ProcessIdentity;
  readonly child: ChildProcess;
  /** First line of its output. */
  line(): Promise<string>;
}

export function startTagged(
  tag: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): TaggedProcess {
  const [file = "", ...args] = argv;
  const child = spawn(file, args, {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, ...env, [instanceVariable]: tag },
  });
  const pid = child.pid ?? 0;
  const identity = { pid, startTicks: readStat(pid)?.startTicks ?? 0, bootId: bootId() };
  const line = async (): Promise<string> => String((await once(child.stdout, "data"))[0]).split("\n")[0] ?? "";
  return { pid, identity, child, line };
}

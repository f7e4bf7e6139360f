// `tusk gateway`: a gateway without an app, on Kubernetes objects in a folder. Standard output carries JSON lines only, so
// that a program can follow it; what is said to people goes to standard error.
import { resolve } from "node:path";
import { type Problem, TuskError } from "../../base/errors.js";
import type { ListenerSocket } from "../../compile/listeners.js";
import { StandaloneGateway } from "../../control/standalone/standalone-gateway.js";
import { systemClock } from "../../system/clock.js";
import { Interrupts } from "../interrupts.js";
import type { Session } from "../session.js";

interface GatewayOptions {
  readonly config: string;
  readonly status?: string;
  readonly workers: number;
}

export async function run(session: Session, _args: readonly [], options: GatewayOptions): Promise<number> {
  const say = (line: object): void => session.print(JSON.stringify(line));
  const interrupts = new Interrupts();
  try {
    const gateway = await start(session, options, say);
    say({ ready: true, listeners: gateway.sockets.map(toListener) });
    await interrupts.first;
    await Promise.race([gateway.close(), interrupts.second]);
    return 0;
  } finally {
    interrupts.close();
  }
}

async function start(
  session: Session,
  { config, status, workers }: GatewayOptions,
  say: (line: object) => void,
): Promise<StandaloneGateway> {
  try {
    return await StandaloneGateway.start({
      folder: resolve(config),
      statusFile: status === undefined ? null : resolve(status),
      workerCount: workers,
      clock: systemClock,
      onApplied: (applied, changed) => say({ applied, changed }),
      onRefused: (problems) => say({ refused: problems.map(toRefusal) }),
      onNotice: (text) => session.note(text),
    });
  } catch (error) {
    if (error instanceof TuskError && error.problems.length > 0) say({ refused: error.problems.map(toRefusal) });
    throw error;
  }
}

function toListener({ name, host, port }: ListenerSocket): object {
  return { name, address: host, port };
}

function toRefusal({ file, line, path, message, hint }: Problem): object {
  return { file: file ?? null, line: line ?? null, path, message, ...(hint === undefined ? {} : { hint }) };
}

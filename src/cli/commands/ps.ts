// `tusk ps`: the system in one table, or again at every change.
import type { SystemStatus } from "../../control/control-plane.js";
import { requireApp } from "../app-lookup.js";
import { connect } from "../connect.js";
import { followAcrossRestarts } from "../follow.js";
import { renderStatus } from "../render-status.js";
import type { Session } from "../session.js";

interface PsOptions {
  readonly watch?: boolean;
}

const clearScreen = "\u001b[H\u001b[2J\u001b[3J";

export async function run(session: Session, _args: readonly [], { watch }: PsOptions): Promise<number> {
  const { client } = await connect(session);
  const status = await client.status();
  if (!watch) {
    session.result(status, (style) => renderStatus(status, style, Date.now()));
    return 0;
  }
  const folder = requireApp(session.options.appFolder);
  for await (const next of followAcrossRestarts(folder, (connection) => connection.client.watchStatus())) {
    show(session, next);
  }
  session.note("stopped");
  return 0;
}

function show(session: Session, status: SystemStatus): void {
  if (session.options.json) session.print(JSON.stringify(status));
  else if (session.io.stdout.isTTY)
    session.io.stdout.write(clearScreen + renderStatus(status, session.style, Date.now()));
  else session.print(`${renderStatus(status, session.style, Date.now())}\n`);
}

// `tusk metrics`: what each service does now; a table that follows on a terminal, or Prometheus text.
import { setTimeout as delay } from "node:timers/promises";
import { connect } from "../connect.js";
import { renderLive } from "../render-data.js";
import type { Session } from "../session.js";

interface MetricsOptions {
  readonly once?: boolean;
  readonly prometheus?: boolean;
}

const clearScreen = "\u001b[H\u001b[2J\u001b[3J";
const periodMs = 1_000;

export async function run(session: Session, _args: readonly [], options: MetricsOptions): Promise<number> {
  const { client } = await connect(session);
  if (options.prometheus) {
    session.print((await client.data.prometheus()).trimEnd());
    return 0;
  }
  if (options.once || !session.isLive) {
    const live = await client.data.live();
    session.result(live, (style) => renderLive(live, style));
    return 0;
  }
  for (;;) {
    session.io.stdout.write(`${clearScreen}${renderLive(await client.data.live(), session.style)}\n`);
    await delay(periodMs);
  }
}

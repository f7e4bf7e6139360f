// `tusk analyze [24h]`: the score, what is behind it, and what to do.
import { connect } from "../connect.js";
import { renderReport } from "../render-data.js";
import type { Session } from "../session.js";

export async function run(session: Session, [period = "24h"]: readonly [string | undefined]): Promise<number> {
  const { client } = await connect(session);
  const report = await client.data.analyze(period);
  session.result(report, (style) => renderReport(report, style));
  return 0;
}

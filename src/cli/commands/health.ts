// `tusk health`: probes every instance now. Not ready is exit code 4, so that a script can wait for it.
import { errorCodes } from "../../base/errors.js";
import { connect } from "../connect.js";
import { renderHealth } from "../render-explain.js";
import type { Session } from "../session.js";

export async function run(session: Session, [service]: readonly [service?: string]): Promise<number> {
  const { client } = await connect(session);
  const instances = await client.checkHealth(service);
  const ok = instances.every((report) => report.ok);
  session.result({ ok, instances }, (style) => renderHealth(instances, style));
  return ok ? 0 : errorCodes.NOT_READY.exit;
}

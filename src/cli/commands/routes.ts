// `tusk routes`: the way in, and the ways between services.
import { connect } from "../connect.js";
import { renderRoutes } from "../render-status.js";
import type { Session } from "../session.js";

export async function run(session: Session): Promise<number> {
  const { client } = await connect(session);
  const routes = await client.routes();
  session.result({ routes }, (style) => renderRoutes(routes, style));
  return 0;
}

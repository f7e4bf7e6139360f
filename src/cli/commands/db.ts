// `tusk db "SQL"`: one statement on TuskDB through the controller, the one process that has the file open.
import { connect } from "../connect.js";
import { renderRows } from "../render-data.js";
import type { Session } from "../session.js";

export async function run(
  session: Session,
  [sql]: readonly [string],
  options: { readonly write?: boolean },
): Promise<number> {
  const { client } = await connect(session);
  const rows = await client.data.query(sql, [], { write: options.write });
  session.result(rows, (style) => renderRows(rows, style));
  return 0;
}

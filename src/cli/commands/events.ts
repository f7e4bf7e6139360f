// `tusk events`: from the controller, or from the file that it left behind.
import type { TuskEvent } from "../../base/event.js";
import { readEvents } from "../../control/event-log.js";
import { requireApp } from "../app-lookup.js";
import { connect, tryConnect } from "../connect.js";
import { followAcrossRestarts } from "../follow.js";
import { renderEvent, renderEvents } from "../render-events.js";
import type { Session } from "../session.js";

interface EventsOptions {
  readonly follow?: boolean;
  readonly service?: string;
  readonly limit: number;
}

export async function run(session: Session, _args: readonly [], options: EventsOptions): Promise<number> {
  if (options.follow) return follow(session, options);
  const { service, limit } = options;
  const folder = requireApp(session.options.appFolder);
  const connection = await tryConnect(folder);
  const events = connection
    ? await connection.client.events({ service, limit })
    : newest(readEvents(folder.files.events), options);
  session.result(events, (style) => (events.length === 0 ? "no events" : renderEvents(events, style)));
  return 0;
}

function newest(events: readonly TuskEvent[], { service, limit }: EventsOptions): readonly TuskEvent[] {
  const wanted = events.filter((event) => service === undefined || event.service === service);
  return limit === 0 ? [] : wanted.slice(-limit);
}

async function follow(session: Session, { service, limit }: EventsOptions): Promise<number> {
  const { folder } = await connect(session);
  let after: string | undefined;
  const open = ({ client }: Awaited<ReturnType<typeof connect>>) =>
    client.watchEvents(after === undefined ? { service, limit } : { service, after });
  for await (const event of followAcrossRestarts(folder, open)) {
    after = event.id;
    session.print(session.options.json ? JSON.stringify(event) : renderEvent(event, session.style));
  }
  session.note("stopped");
  return 0;
}

// `tusk validate`: reads the spec and what it refers to; starts nothing, writes nothing.
import { basename } from "node:path";
import { count } from "../format.js";
import { loadSpec } from "../load-spec.js";
import type { Session } from "../session.js";

export async function run(session: Session, [file]: readonly [file?: string]): Promise<number> {
  const loaded = await loadSpec(session, file);
  const { spec } = loaded;
  const services = spec.services.map(({ name }) => name);
  const routes = spec.gateway.routes.map(({ name }) => name);
  session.result({ ok: true, file: loaded.file, app: spec.name, services, routes }, (style) => {
    const what = `app ${spec.name}, ${count(services.length, "service")}, ${count(routes.length, "route")}`;
    return `${style.green("✔")} ${basename(loaded.file)} is valid: ${what}`;
  });
  return 0;
}

import { version } from "../../system/version.js";
// `tusk version`
import type { Session } from "../session.js";

export function run(session: Session): number {
  session.result({ version, node: process.versions.node }, () => `tusk ${version}`);
  return 0;
}

// What a change of the spec does to the running system, said before it is done and after. Pure.
import type { ApplyResult } from "../control/control-plane.js";
import type { NotBuilt } from "../model/not-built-yet.js";
import { withoutControls } from "./format.js";
import type { Style } from "./style.js";

export function renderChanges({ changes, replaced, warnings }: ApplyResult, style: Style): string {
  const lines = changes.map(({ text, before, after }) => {
    const [sign, paint] =
      before === undefined ? ["+", style.green] : after === undefined ? ["-", style.red] : ["~", style.yellow];
    return `  ${paint(`${sign} ${withoutControls(text)}`)}`;
  });
  if (replaced.length > 0) lines.push(`  instances are replaced: ${replaced.join(", ")}`);
  for (const warning of warnings) lines.push(`  ${style.yellow("warning:")} ${withoutControls(warning)}`);
  return lines.join("\n");
}

/** Says once which settings in force have no part behind them yet; empty when none. */
export function renderNotBuilt(parts: readonly NotBuilt[], style: Style): string {
  if (parts.length === 0) return "";
  return style.dim(`not built yet: ${parts.map(({ setting, what }) => `${what} (${setting})`).join(", ")}`);
}

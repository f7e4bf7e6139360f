// `tusk completion bash`: prints what the shell loads.
import { TuskError } from "../../base/errors.js";
import { completionScripts } from "../completion-scripts.js";
import type { Session } from "../session.js";

export function run(session: Session, [shell]: readonly [shell: string]): number {
  if (!isShell(shell)) {
    throw new TuskError("USAGE", `there is no completion for "${shell}"`, { hint: "one of bash, zsh, fish" });
  }
  const script = completionScripts[shell];
  session.result({ shell, script }, () => script.trimEnd());
  return 0;
}

const isShell = (name: string): name is keyof typeof completionScripts => Object.hasOwn(completionScripts, name);

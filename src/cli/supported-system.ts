// What Tusk runs on. Said before anything else, because every other failure there would be harder to understand.
import { TuskError } from "../base/errors.js";

const oldestNode = [20, 19] as const;

/** Throws UNSUPPORTED_SYSTEM. */
export function checkSystem(system: { readonly platform: string; readonly nodeVersion: string }): void {
  if (system.platform !== "linux") {
    throw new TuskError("UNSUPPORTED_SYSTEM", `Tusk runs on Linux; this is ${system.platform}`, {
      hint: "it watches processes through /proc; a Linux container or virtual machine will do",
    });
  }
  if (!isNewEnough(system.nodeVersion)) {
    throw new TuskError("UNSUPPORTED_SYSTEM", `Tusk needs Node ${oldestNode.join(".")} or later`, {
      hint: `this is Node ${system.nodeVersion}`,
    });
  }
}

export function isNewEnough(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

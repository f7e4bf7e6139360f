// Keeps a process's log from growing without end: copied to `.1` and truncated when it reaches the limit.
// The writer keeps its descriptor (opened for appending), so it need not know. The small window: lines written between
// the end of the copy and the truncation are lost; docs/formats/instances.md says so.
import { copyFileSync, existsSync, renameSync, statSync, truncateSync } from "node:fs";

export interface RotationLimits {
  /** Default 10 MiB. */
  readonly maxBytes: number;
  /** All in all, the one that is written to included. Default 3. */
  readonly files: number;
}

export const defaultRotation: RotationLimits = { maxBytes: 10 * 1024 * 1024, files: 3 };

/** True when it was rotated. A log that is not there is nothing to do. */
export function rotateLog(path: string, limits: RotationLimits = defaultRotation): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size < limits.maxBytes) return false;
  for (let number = limits.files - 2; number >= 1; number--) {
    if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`);
  }
  if (limits.files > 1) copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
  return true;
}

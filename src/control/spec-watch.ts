// Follows the spec file and the .env files: an edit is applied by itself, an invalid one changes nothing and is reported.
import { statSync } from "node:fs";
import type { Clock, Timer } from "../base/clock.js";
import { messageOf, type Problem, TuskError } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { ApplyRequest, ApplyResult } from "./control-plane.js";

const periodMs = 250;

export interface SpecWatchOptions {
  readonly system: {
    /** The file to follow, which may change; null: none. */
    readonly desiredFile: string | null;
    /** What fills variables of services; any of them may be absent. */
    readonly environmentFiles: readonly string[];
    apply(request: ApplyRequest): Promise<ApplyResult>;
    noteSpecProblems(problems: readonly Problem[]): void;
  };
  readonly clock: Clock;
  readonly emit: EmitEvent;
}

interface Look {
  readonly file: string | null;
  /** Of all files together; null while the spec is not there: editors replace files by renaming. */
  readonly stamp: string | null;
}

/**
 * Looks at the files' time and size four times a second: works on every file system, costs two microseconds each. A file that
 * changed is applied when it looks the same twice: one that is still being written may be sound and half of itself.
 */
export function watchSpecFile(options: SpecWatchOptions): { close(): void } {
  const { clock, system } = options;
  let seen = lookAt(system);
  let applied = seen;
  let timer: Timer;
  let closed = false;
  const look = async (): Promise<void> => {
    const now = lookAt(system);
    if (now.file !== seen.file) applied = now;
    else if (now.stamp !== null && now.stamp === seen.stamp && now.stamp !== applied.stamp) {
      applied = now;
      await applyFile(options, now.file ?? "");
    }
    seen = now;
    if (!closed) schedule();
  };
  const schedule = (): void => {
    timer = clock.setTimer(periodMs, () => void look());
  };
  schedule();
  return {
    close: () => {
      closed = true;
      timer.cancel();
    },
  };
}

function lookAt({ desiredFile: file, environmentFiles }: SpecWatchOptions["system"]): Look {
  const own = file === null ? null : stampOf(file);
  return { file, stamp: own === null ? null : [own, ...environmentFiles.map(stampOf)].join(" ") };
}

function stampOf(file: string): string | null {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : null;
  } catch {
    // In a folder that may not be searched: as good as not there, for now.
    return null;
  }
}

async function applyFile({ system, emit }: SpecWatchOptions, file: string): Promise<void> {
  try {
    const { loadSpecFile } = await import("./spec-file.js");
    const { spec, provenance } = await loadSpecFile(file);
    const { changes, replaced } = await system.apply({ spec, provenance, from: `edit of ${file}`, file });
    system.noteSpecProblems([]);
    if (changes.length === 0) {
      const message = `a .env file was edited; started anew: ${replaced.join(", ")}`;
      if (replaced.length > 0) emit({ kind: "spec.applied", level: "info", message });
      return;
    }
    const count = changes.length === 1 ? "1 change" : `${changes.length} changes`;
    emit({ kind: "spec.applied", level: "info", message: `${file} was edited; ${count} applied` });
  } catch (error) {
    const problems = error instanceof TuskError ? error.problems : [];
    system.noteSpecProblems(problems.length > 0 ? problems : [{ path: "", message: messageOf(error), file }]);
    const first = problems[0] ? `${problems[0].path} ${problems[0].message}` : messageOf(error);
    const message = `${file} was edited but cannot be applied: ${first.trim()}; what runs is unchanged`;
    emit({ kind: "spec.rejected", level: "error", message, details: { problems } });
  }
}

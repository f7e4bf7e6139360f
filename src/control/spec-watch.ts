// Follows the spec file: an edit is applied by itself, an invalid one changes nothing and is reported.
import { statSync } from "node:fs";
import type { Clock, Timer } from "../base/clock.js";
import { messageOf, TuskError } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { System } from "./system.js";

const periodMs = 500;

export interface SpecWatchOptions {
  readonly system: System;
  readonly file: string;
  readonly clock: Clock;
  readonly emit: EmitEvent;
}

/** Looks at the file's time and size twice a second: works on every file system, costs two microseconds. */
export function watchSpecFile(options: SpecWatchOptions): { close(): void } {
  const { clock, file } = options;
  let seen = stampOf(file);
  let timer: Timer;
  let closed = false;
  const look = async (): Promise<void> => {
    const stamp = stampOf(file);
    if (stamp !== seen) {
      seen = stamp;
      if (stamp !== null) await applyFile(options);
    }
    if (!closed) timer = clock.setTimer(periodMs, () => void look());
  };
  timer = clock.setTimer(periodMs, () => void look());
  return {
    close: () => {
      closed = true;
      timer.cancel();
    },
  };
}

/** Null while the file is not there: editors replace files by renaming. */
function stampOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : null;
}

async function applyFile({ system, file, emit }: SpecWatchOptions): Promise<void> {
  try {
    const { loadSpecFile } = await import("./spec-file.js");
    const { spec, provenance } = await loadSpecFile(file);
    const { changes } = await system.apply({ spec, provenance, from: `edit of ${file}`, file });
    system.noteSpecProblems([]);
    if (changes.length > 0) {
      emit({ kind: "spec.applied", level: "info", message: `${file} was edited; ${changes.length} changes applied` });
    }
  } catch (error) {
    const problems = error instanceof TuskError ? error.problems : [];
    system.noteSpecProblems(problems.length > 0 ? problems : [{ path: "", message: messageOf(error), file }]);
    const first = problems[0] ? `: ${problems[0].path} ${problems[0].message}` : `: ${messageOf(error)}`;
    emit({
      kind: "spec.rejected",
      level: "error",
      message: `${file} was edited but cannot be applied${first}; what runs is unchanged`,
      details: { problems },
    });
  }
}

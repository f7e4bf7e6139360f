// Follows the certificates that the spec names: a changed one is taken up by the next handshake, without a restart. One
// that cannot be used changes nothing; the material says so.
import { statSync } from "node:fs";
import type { Clock, Timer } from "../base/clock.js";
import { messageOf } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import type { TlsMaterial } from "./tls-material.js";

const periodMs = 250;
const validityEveryMs = 60_000;

export interface TlsWatchOptions {
  readonly material: TlsMaterial;
  readonly clock: Clock;
  readonly emit: EmitEvent;
  /** Brings the workers to what the files hold now. */
  readonly replan: () => Promise<void>;
}

/** A file that changed counts when it looks the same twice: one that is still being written may be half of itself. */
export function watchTlsFiles({ material, clock, emit, replan }: TlsWatchOptions): { close(): void } {
  let seen = stampOf(material.paths);
  let applied = seen;
  let validityAt = clock.monotonic() + validityEveryMs;
  let timer: Timer;
  let closed = false;
  const look = async (): Promise<void> => {
    const now = stampOf(material.paths);
    if (now.paths !== seen.paths) applied = now;
    else if (now.stamps === seen.stamps && now.stamps !== applied.stamps) {
      applied = now;
      await takeUp();
    }
    seen = now;
    if (clock.monotonic() >= validityAt) {
      validityAt = clock.monotonic() + validityEveryMs;
      material.tellValidity();
    }
    if (!closed) schedule();
  };
  const takeUp = async (): Promise<void> => {
    const before = material.files;
    try {
      await replan();
    } catch (error) {
      if (closed) return;
      const message = `certificates were changed but cannot be served: ${messageOf(error)}; what runs is unchanged`;
      emit({ kind: "certificate.refused", level: "error", message });
      return;
    }
    for (const [key, file] of Object.entries(material.files)) {
      if (before[key] === undefined || before[key] === file) continue;
      const [name = ""] = key.split("\n");
      emit({ kind: "certificate.reloaded", level: "info", message: `${name} was changed; the new one is in force` });
    }
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

interface Look {
  readonly paths: string;
  readonly stamps: string;
}

function stampOf(paths: readonly string[]): Look {
  return { paths: paths.join("\n"), stamps: paths.map(stampOfFile).join(" ") };
}

function stampOfFile(path: string): string {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : "absent";
  } catch {
    // In a folder that may not be searched: as good as not there, for now.
    return "absent";
  }
}

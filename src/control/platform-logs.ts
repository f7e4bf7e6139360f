// Keeps the logs of keeper, controller and workers from growing without end. Done here for all of them: the keeper does
// as little as possible, and whichever of them dies is back before its log could fill a disk.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Timer } from "../base/clock.js";
import { messageOf } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import { defaultRotation, type RotationLimits, rotateLog } from "../system/log-rotation.js";

export interface PlatformLogsOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly emit: EmitEvent;
  readonly limits?: RotationLimits;
}

/** They say little: a look a minute is enough. */
const everyMs = 60_000;

export function keepPlatformLogsSmall({ folder, clock, emit, limits = defaultRotation }: PlatformLogsOptions): {
  close(): void;
} {
  let timer: Timer;
  let failing = false;
  const look = (): void => {
    timer = clock.setTimer(everyMs, look);
    try {
      for (const name of readdirSync(folder)) if (name.endsWith(".log")) rotateLog(join(folder, name), limits);
      failing = false;
    } catch (error) {
      // Said once until it works again.
      if (!failing) emit({ kind: "log.rotation-failed", level: "warning", message: `${folder}: ${messageOf(error)}` });
      failing = true;
    }
  };
  look();
  return { close: () => timer.cancel() };
}

// The moving list of `tusk up` on a terminal: one line a service. Loaded only there.
import { Listr } from "listr2";
import type { SystemStatus } from "../control/control-plane.js";
import { type ServiceProgress, toProgress } from "./progress.js";

interface Line {
  readonly done: Promise<void>;
  last: ServiceProgress | undefined;
  update: (progress: ServiceProgress) => void;
  finish: () => void;
}

export function openLiveDisplay(status: SystemStatus): {
  show(status: SystemStatus): void;
  close(): Promise<void>;
} {
  const lines = new Map(status.services.map(({ name }) => [name, createLine(name)]));
  const tasks = [...lines].map(([name, line]) => ({
    title: name,
    task: (_: unknown, task: { title: string }) => {
      line.update = ({ text }) => {
        task.title = `${name}  ${text}`;
      };
      if (line.last) line.update(line.last);
      return line.done;
    },
  }));
  const list = new Listr(tasks, { concurrent: true, exitOnError: false, registerSignalListeners: false });
  const running = list.run();
  return {
    show: (next) => {
      for (const progress of next.services.map(toProgress)) show(lines.get(progress.name), progress);
    },
    close: async () => {
      for (const line of lines.values()) line.finish();
      await running;
    },
  };
}

function show(line: Line | undefined, progress: ServiceProgress): void {
  if (!line) return;
  line.last = progress;
  line.update(progress);
  if (progress.state === "ready") line.finish();
}

/** Ends well when the service is ready, as a failure when the wait ends before. */
function createLine(name: string): Line {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const done = new Promise<void>((onDone, onFail) => {
    resolve = onDone;
    reject = onFail;
  });
  // listr2 attaches its own handler a moment later.
  done.catch(() => {});
  const line: Line = {
    done,
    last: undefined,
    update: () => {},
    finish: () =>
      line.last?.state === "ready" ? resolve() : reject(new Error(`${name}  ${line.last?.text ?? "not ready"}`)),
  };
  return line;
}

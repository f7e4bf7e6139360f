// Starts the load generator in a process of its own, so that neither the drill nor the tested system disturbs its clock.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Load, LoadOptions } from "./load.js";
import type { LoadReport } from "./load-report.js";

const program = fileURLToPath(new URL("./load-main.js", import.meta.url));

export function startLoadProcess(options: LoadOptions): Load {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  let onStarted: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    onStarted = resolve;
  });
  const done = new Promise<LoadReport>((resolve, reject) => {
    lines.on("line", (line) => {
      if (line === "started") onStarted();
      else resolve(JSON.parse(line) as LoadReport);
    });
    child.on("error", reject);
    child.on("close", (code, signal) =>
      reject(new Error(`the load generator ended with ${signal ?? code} without a report`)),
    );
  });
  // Whoever awaits `started` alone must not hang when the generator cannot start.
  done.then(onStarted, onStarted);
  return {
    started,
    done,
    stop: () => {
      child.kill("SIGTERM");
      return done;
    },
  };
}

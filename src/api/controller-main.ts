// Entry of the controller process: `node controller-main.js <app folder>`. Started by the keeper, which also starts it
// again when it dies. Its standard error is its log file.
import { existsSync } from "node:fs";
import { TuskError } from "../base/errors.js";
import { writeFailure } from "../control/launch.js";
import { appFolderAt } from "../system/app-folder.js";
import { hostController } from "./host.js";

const root = process.argv[2];
if (root === undefined) {
  process.stderr.write("usage: controller-main.js <app folder>\n");
  process.exit(2);
}
const folder = appFolderAt(root);
// By its working folder it is found even after that was moved.
process.chdir(folder.root);

function log(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

try {
  const controller = await hostController({ folder, embedded: false, environment: process.env });
  // A signal means: hand over. What runs stays, `tusk down` is what stops it.
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void controller
        .detach()
        .catch(log)
        .then(() => process.exit(0));
    });
  }
  await controller.stopped;
  process.exit(0);
} catch (error) {
  // Another controller won the race for the lock: nothing is wrong.
  if (error instanceof TuskError && error.code === "ALREADY_RUNNING") process.exit(0);
  log(error);
  writeFailure(folder, error);
  // The keeper tries again after 1. Where something has run before it shall; what never started needs a better spec.
  process.exit(existsSync(folder.files.desired) ? 1 : 2);
}

// Entry of the controller process: `node controller-main.js <app folder>`. Started by the keeper, which also starts it
// again when it dies. Its standard error is its log file.

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

try {
  const controller = await hostController({ folder, embedded: false, environment: process.env });
  // A signal means: hand over. What runs stays, `tusk down` is what stops it.
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void controller.detach().then(() => process.exit(0)));
  }
  await controller.stopped;
  process.exit(0);
} catch (error) {
  // Another controller won the race for the lock: nothing is wrong.
  if (error instanceof TuskError && error.code === "ALREADY_RUNNING") process.exit(0);
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  writeFailure(folder, error);
  // 2 tells the keeper that another try would end the same way.
  process.exit(error instanceof TuskError && error.code !== "INTERNAL" ? 2 : 1);
}

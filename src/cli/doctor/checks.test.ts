import assert from "node:assert/strict";
import { relative } from "node:path";
import { test } from "node:test";
import { appFolderAt } from "../../system/app-folder.js";
import { checkController, checkDataPlane } from "./checks.js";

test("hints name the logs where they are", () => {
  const { root, platformLogs } = appFolderAt("/app");
  const logs = relative(root, platformLogs);
  const silent = checkController({ state: "silent", pid: 1, reason: "timeout" }, "0.0.0");
  assert.ok(silent.hint?.includes(`${logs}/controller.log`), silent.hint);
  const lost = checkDataPlane({ keeper: false, workers: 0, controller: true });
  assert.ok(lost.hint?.includes(`${logs}/keeper.log`), lost.hint);
});

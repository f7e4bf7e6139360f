// A controller in miniature, to be killed: applies one plan and says when all is ready.
// `node driver-child.js <appKey> <root> <plan>`
import { join } from "node:path";
import { createPortLeases } from "../../src/orchestrator/port-leases.js";
import { createProcessDriver } from "../../src/orchestrator/process-driver.js";
import { systemClock, systemRng } from "../../src/system/clock.js";

const [appKey = "", root = "", plan = ""] = process.argv.slice(2);
const stateFolder = join(root, "app", ".tusk");
const driver = createProcessDriver({
  appKey,
  stateFolder,
  logsFolder: join(stateFolder, "logs"),
  leases: createPortLeases({ stateFolder, claimsFolder: join(root, "claims"), appFolder: join(root, "app") }),
  clock: systemClock,
  rng: systemRng,
  emit: () => {},
  drain: async () => {},
  monitoring: () => false,
});

let told = false;
driver.instances.watch((views) => {
  const all = [...views.values()];
  if (told || !all.every((view) => view.ready)) return;
  told = true;
  // The record of readiness is written before the views are shown.
  console.log(`ready ${all.map((view) => view.process?.pid).join(" ")}`);
});
driver.apply(JSON.parse(plan));
console.log("applied");

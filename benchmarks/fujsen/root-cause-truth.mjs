// The labels of the three sets, read by the scoring step alone. In the order of root-cause-data.mjs.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One { id, group, kind, truth } for each case. */
export function truthsOf(data, ids) {
  const nezha = new Map();
  return ids.map((id) => {
    const [set, ...path] = id.split("/");
    if (set === "petshop") return petshopTruth(data, id, path);
    if (set === "sock-shop") return sockShopTruth(id, path);
    const [day] = path;
    const faults = nezha.get(day) ?? nezhaFaults(data, day);
    nezha.set(day, faults);
    const truth = faults.shift()?.inject_pod;
    const system = truth.startsWith("ts-") ? "Train Ticket" : "Online Boutique";
    return { id, group: `Nezha, ${system}`, kind: "as", truth };
  });
}

function petshopTruth(data, id, [scenario, split, issue]) {
  if (/^(short|rest)-\d+$/.test(issue)) return { id, group: `PetShop, quiet, ${issue.split("-")[0]}`, kind: "quiet" };
  const target = JSON.parse(
    readFileSync(join(data, "petshop", "dataset", scenario, split, issue, "target.json"), "utf8"),
  );
  const hasReference = readdirSync(join(data, "petshop", "dataset", scenario)).includes("noissue");
  const group = hasReference ? "PetShop, issues" : "PetShop, issues without a no-issue file";
  return { id, group, kind: "found", truth: target.root_cause.node };
}

function sockShopTruth(id, [folder]) {
  const split = folder.lastIndexOf("-");
  return { id, group: `Sock Shop, ${folder.slice(split + 1)}`, kind: "avg5", truth: folder.slice(0, split) };
}

function nezhaFaults(data, day) {
  const folder = join(data, "nezha", "rca_data", day);
  const list = readdirSync(folder).find((name) => name.endsWith(".json"));
  return Object.values(JSON.parse(readFileSync(join(folder, list), "utf8"))).flat();
}

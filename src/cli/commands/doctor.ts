// `tusk doctor`: what is wrong with this machine or this app; with --prune, ends what a dead controller left.
import { type AppFolder, appFolderAt } from "../../system/app-folder.js";
import { findAppRoot, requireFolder } from "../app-lookup.js";
import type { Check } from "../doctor/checks.js";
import { type Examination, examineApp, examineMachine } from "../doctor/examine.js";
import { count } from "../format.js";
import { describeRemains, type Remains, removeRemains } from "../leftovers.js";
import type { Session } from "../session.js";
import type { Style } from "../style.js";

interface DoctorOptions {
  readonly prune?: boolean;
}

export async function run(session: Session, _args: readonly [], { prune = false }: DoctorOptions): Promise<number> {
  const root = findAppRoot(requireFolder(session.options.appFolder));
  const folder = root === null ? null : appFolderAt(root);
  const machine = await examineMachine();
  const first = folder && (await examineApp(folder));
  const pruned = folder && first && prune ? await pruneApp(session, folder, first.remains) : [];
  const app = folder && pruned.length > 0 ? await examineApp(folder) : first;
  const checks = [...machine, ...(app?.checks ?? [])];
  const ok = checks.every((check) => check.ok);
  const leftovers = toLeftovers(app);
  session.result({ ok, app: root, checks, processes: app?.processes ?? [], leftovers, pruned }, (style) =>
    renderDoctor(checks, root, style),
  );
  return ok ? 0 : 1;
}

/** What was removed. */
async function pruneApp(session: Session, folder: AppFolder, remains: Remains): Promise<string[]> {
  const removed = describeRemains(remains);
  if (removed.length === 0) return [];
  await removeRemains(folder, remains);
  session.note(`removed ${count(removed.length, "leftover")}: ${removed.join(", ")}`);
  return removed;
}

function toLeftovers(app: Examination | null): object[] {
  if (app === null) return [];
  const { controllers, dataPlane, instances, files } = app.remains;
  return [
    ...controllers.map(({ pid }) => ({
      kind: "process",
      name: "controller",
      pids: [pid],
      reason: "its state folder was removed, replaced or moved",
    })),
    ...dataPlane.map(({ name, pid }) => ({ kind: "process", name, pids: [pid], reason: "no controller runs" })),
    ...instances.map(({ instance, processes, reason }) => {
      const pids = processes.map(({ pid }) => pid);
      return { kind: "process", name: instance, pids, reason };
    }),
    ...files.map((path) => ({ kind: "file", path, reason: "nothing that it speaks of runs" })),
  ];
}

export function renderDoctor(checks: readonly Check[], root: string | null, style: Style): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, ok, detail, hint }) => {
    const line = `${ok ? style.green("✔") : style.red("✖")} ${name.padEnd(width)}  ${detail}`;
    return hint === undefined ? [line] : [line, `${" ".repeat(width + 4)}${style.cyan("hint:")} ${hint}`];
  });
  if (root === null) lines.push(style.dim("no app in this folder; only the machine was checked"));
  return lines.join("\n");
}

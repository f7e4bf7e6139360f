// `tusk up`: starts the app, or applies its spec to the running one; then waits, or stays and shows what happens.
// What is not needed to start is imported while the instances start.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { ApplyRequest, ApplyResult } from "../../control/control-plane.js";
import { ensureController } from "../../control/launch.js";
import type { LoadedSpec } from "../../control/spec-file.js";
import { notBuiltYet } from "../../model/not-built-yet.js";
import { defaultSettings } from "../../model/settings.js";
import { type AppFolder, appFolderAt, readToken } from "../../system/app-folder.js";
import { identify } from "../../system/proc.js";
import { type Connection, connectTo, tryConnect } from "../connect.js";
import { count } from "../format.js";
import { Interrupts } from "../interrupts.js";
import { loadSpec } from "../load-spec.js";
import { LogBoard } from "../logs/log-board.js";
import { listLogFiles } from "../logs/log-files.js";
import { readTail } from "../logs/log-tail.js";
import type { Session } from "../session.js";

interface UpOptions {
  readonly file?: string;
  readonly detach?: boolean;
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  readonly yes?: boolean;
}

interface Begun {
  readonly connection: Connection;
  /** Null: it was started, not changed. */
  readonly applied: ApplyResult | null;
  /** The app has never run in this folder. */
  readonly isNew: boolean;
}

export async function run(session: Session, _args: readonly [], options: UpOptions): Promise<number> {
  const isAttached = !options.detach && !options.wait && !session.options.json;
  return isAttached ? upAttached(session, options) : upDetached(session, options);
}

async function upAttached(session: Session, options: UpOptions): Promise<number> {
  const loaded = await loadSpec(session, options.file, { cached: true });
  const logs = newLines(appFolderAt(loaded.root).logs);
  const interrupts = new Interrupts();
  try {
    const begun = await begin(session, loaded, options);
    if (begun === null) return 1;
    const { connection } = begun;
    await noteNotBuilt(session, begun);
    const [{ attach }, { waitReady }] = await Promise.all([import("../attach.js"), import("../wait-ready.js")]);
    const ready = async () => (await waitReady(session, connection.client, { timeoutMs: options.timeout })).reasons;
    return await attach(session, { connection, logs, interrupts, ready });
  } finally {
    interrupts.close();
  }
}

async function upDetached(session: Session, options: UpOptions): Promise<number> {
  const loaded = await loadSpec(session, options.file, { cached: true });
  const startedMs = performance.now();
  const begun = await begin(session, loaded, options);
  if (begun === null) return 1;
  await noteNotBuilt(session, begun);
  if (options.wait) {
    const { requireReady } = await import("../wait-ready.js");
    await requireReady(session, begun.connection.client, { timeoutMs: options.timeout });
  }
  await showResult(session, begun, { waited: options.wait === true, tookMs: performance.now() - startedMs });
  return 0;
}

/** What instances print from now on; taken before anything is started. */
function newLines(logsFolder: string): LogBoard {
  const board = new LogBoard(logsFolder, ({ service }) => service !== null);
  for (const file of listLogFiles(logsFolder)) board.startAt(file, readTail(file.path, 0).end);
  return board;
}

/** Null when the person said no. */
async function begin(session: Session, loaded: LoadedSpec, options: UpOptions): Promise<Begun | null> {
  const { spec, provenance, file, root } = loaded;
  const folder = appFolderAt(root);
  const request: ApplyRequest = { spec, provenance, file, from: basename(file) };
  const isNew = readToken(folder) === null;
  const running = (await tryConnect(folder)) ?? (await start(session, folder, request));
  loaded.keep();
  if ("started" in running) return { connection: running.started, applied: null, isNew };
  const applied = await applyToRunning(session, running, request, options.yes === true);
  return applied && { connection: running, applied, isNew };
}

/** A start that fails leaves nothing running that did not run before. Another's, at the same moment, is just connected to. */
async function start(
  session: Session,
  folder: AppFolder,
  request: ApplyRequest,
): Promise<Connection | { readonly started: Connection }> {
  const onProgress = (text: string): void => session.note(text);
  await endFormerPlace(session, folder);
  try {
    const { record, started } = await ensureController(folder, request, { onProgress });
    const connection = connectTo(folder, record);
    return started ? { started: connection } : connection;
  } catch (error) {
    const { removeStartedSince } = await import("../leftovers.js");
    await removeStartedSince(folder, identify(process.pid)?.startTicks ?? 0);
    throw error;
  }
}

/** A folder that was moved while its app ran: that one has the ports, and cannot be found from here. */
async function endFormerPlace(session: Session, folder: AppFolder): Promise<void> {
  if (!existsSync(folder.files.lock)) return;
  const { describeStray, endStrayControllers, findStrayControllers } = await import("../stray-controllers.js");
  const strays = findStrayControllers(folder);
  if (strays.length > 0) session.note(`stopping ${strays.map(describeStray).join(", ")}`);
  await endStrayControllers(strays);
}

async function applyToRunning(
  session: Session,
  { client }: Connection,
  request: ApplyRequest,
  yes: boolean,
): Promise<ApplyResult | null> {
  const [{ canAsk, confirm }, { renderChanges }] = await Promise.all([
    import("../confirm.js"),
    import("../render-changes.js"),
  ]);
  const { unheardSettings } = await import("../environment-settings.js");
  const unheard = unheardSettings(session.io.environment, await client.settings());
  if (unheard.length > 0) {
    session.note(`not in force: ${unheard.join(", ")}; the controller has the environment that it was started with`);
    session.note("  `tusk down`, then `tusk up`, or `settings` in the spec");
  }
  const planned = await client.apply({ ...request, dryRun: true });
  if (planned.changes.length === 0) session.note(nothingDiffers(request, planned));
  else {
    session.note(`${request.spec.name} runs already; ${count(planned.changes.length, "change")}:`);
    session.note(renderChanges(planned, session.noteStyle));
    if (!yes && session.isLive && canAsk() && !(await confirm("Apply?"))) return null;
  }
  return client.apply(request);
}

function nothingDiffers({ spec }: ApplyRequest, { replaced }: ApplyResult): string {
  const anew = replaced.length === 0 ? "" : `; with edited .env files start anew: ${replaced.join(", ")}`;
  return `${spec.name} runs already; nothing in the spec differs${anew}`;
}

/** The defaults once in an app's life, what somebody asked for at every start and change. */
async function noteNotBuilt(session: Session, { connection: { client }, applied, isNew }: Begun): Promise<void> {
  const { changesNothing } = await import("../render-up.js");
  if (applied !== null && changesNothing(applied)) return;
  const { renderNotBuilt } = await import("../render-changes.js");
  const settings = await client.settings();
  const inForce = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  const asked = new Set(settings.filter(({ source }) => isNew || source !== "default").map(({ name }) => name));
  const parts = notBuiltYet({ ...defaultSettings, ...inForce }).filter(({ setting }) => asked.has(setting));
  const text = renderNotBuilt(parts, session.noteStyle);
  if (text !== "") session.note(text);
}

async function showResult(
  session: Session,
  { connection, applied }: Begun,
  { waited, tookMs }: { readonly waited: boolean; readonly tookMs: number },
): Promise<void> {
  const [{ renderUp }, status] = await Promise.all([import("../render-up.js"), connection.client.status()]);
  const result = { started: applied === null, changes: applied?.changes ?? [], ready: waited ? true : null, status };
  session.result(result, (style) => renderUp({ status, applied, waited, tookMs }, style));
}

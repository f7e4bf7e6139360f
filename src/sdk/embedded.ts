// The controller inside the calling program: a keeper is brought up for it, and whatever was started is taken back
// when it cannot start.
import { type HostedController, hostController } from "../api/host.js";
import { TuskError } from "../base/errors.js";
import { awaitController, prepareEmbedded } from "../control/launch.js";
import type { StartOptions } from "../control/start-system.js";
import { readController } from "../system/app-folder.js";
import { signalProcess } from "../system/proc.js";

export interface EmbeddedController {
  readonly url: string;
  /** Drains and stops everything of the app. */
  stop(): Promise<void>;
  /** Lets go without stopping anything. */
  detach(): Promise<void>;
}

/** For somebody else's controller that is being started at the same moment. */
const otherStartMs = 30_000;

/** Null: another controller has the app, and is ready to be connected to. */
export async function startEmbedded(options: Omit<StartOptions, "embedded">): Promise<EmbeddedController | null> {
  const { folder } = options;
  if (readController(folder)) return null;
  const launch = await prepareEmbedded(folder);
  if (!launch) return awaitOther(options);
  try {
    return toEmbedded(await host(options));
  } catch (error) {
    if (error instanceof TuskError && error.code === "ALREADY_RUNNING") return awaitOther(options);
    if (launch.keeper) signalProcess(launch.keeper, "SIGTERM");
    throw error;
  } finally {
    launch.release();
  }
}

async function host(options: Omit<StartOptions, "embedded">): Promise<HostedController> {
  const controller = await hostController({ ...options, embedded: true });
  try {
    await controller.connected;
    return controller;
  } catch (error) {
    await controller.detach();
    throw error;
  }
}

async function awaitOther({ folder }: Pick<StartOptions, "folder">): Promise<null> {
  await awaitController(folder, { timeoutMs: otherStartMs });
  return null;
}

function toEmbedded(controller: HostedController): EmbeddedController {
  return {
    url: controller.record.url,
    stop: async () => {
      await controller.system.shutdown();
      await controller.stopped;
    },
    detach: () => controller.detach(),
  };
}

// Streams that go on across a restart of the controller: what a person watches must not end because the controller was
// killed and the keeper started the next one.
import { setTimeout as delay } from "node:timers/promises";
import { TuskError } from "../base/errors.js";
import type { AppFolder } from "../system/app-folder.js";
import { type Connection, tryConnect } from "./connect.js";

const retryMs = 100;
const giveUpMs = 10_000;

/** Ends when the app is not running any more, or `signal` is aborted. Throws what another attempt would not change. */
export async function* followAcrossRestarts<Item>(
  folder: AppFolder,
  open: (connection: Connection) => AsyncIterable<Item>,
  signal?: AbortSignal,
): AsyncGenerator<Item, void, undefined> {
  let lastSign = performance.now();
  while (!signal?.aborted) {
    const connection = await tryConnect(folder);
    if (connection === null) return;
    try {
      for await (const item of open(connection)) {
        lastSign = performance.now();
        yield item;
      }
      if (signal?.aborted) return;
    } catch (error) {
      if (!mayPass(error) || performance.now() - lastSign > giveUpMs) throw error;
    }
    await delay(retryMs);
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof TuskError && ["UNREACHABLE", "NOT_RUNNING", "SLOW_READER"].includes(error.code);

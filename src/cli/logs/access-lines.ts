// The access logs of all workers as one: the newest lines in the order of their times, then what comes.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { platformLogsName } from "../../system/app-folder.js";
import { LogFollower } from "./log-follower.js";
import { readTail } from "./log-tail.js";

export class AccessLines {
  readonly #folder: string;
  readonly #followers = new Map<string, LogFollower>();

  /** `logs`: the app's folder of logs. */
  constructor(logs: string) {
    this.#folder = join(logs, platformLogsName);
  }

  /** Oldest first; what comes later is for `read`. */
  tail(count: number): string[] {
    const lines = this.#files().flatMap((path) => {
      const { lines, end } = readTail(path, count);
      this.#followers.set(path, new LogFollower(path, end));
      return lines;
    });
    const sorted = lines.map((line) => ({ line, time: timeOf(line) })).sort((a, b) => a.time - b.time);
    return sorted.slice(-count).map(({ line }) => line);
  }

  read(): string[] {
    for (const path of this.#files()) if (!this.#followers.has(path)) this.#followers.set(path, new LogFollower(path));
    return [...this.#followers.values()].flatMap((follower) => follower.read());
  }

  #files(): string[] {
    return readNames(this.#folder)
      .filter((name) => /^access-\d+\.jsonl$/.test(name))
      .map((name) => join(this.#folder, name));
  }
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** 0 where `time` is not among the fields: then the order of the files stays. */
function timeOf(line: string): number {
  const time = /"time":"([^"]+)"/.exec(line)?.[1];
  return time === undefined ? 0 : Date.parse(time);
}

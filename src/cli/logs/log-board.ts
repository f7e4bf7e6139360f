// Many logs as one: each line with the name of its instance in front, in a colour of its own on a terminal. Instances
// that appear later are taken up.

import { withoutControls } from "../format.js";
import type { Colour, Style } from "../style.js";
import { visibleWidth } from "../style.js";
import { type LogFile, listLogFiles } from "./log-files.js";
import { LogFollower } from "./log-follower.js";

const colours: readonly Colour[] = ["cyan", "yellow", "green", "magenta", "blue"];

/** Names padded to one width, so that the lines of all begin in one column. */
export class LogPrefixes {
  readonly #style: Style;
  readonly #order = new Map<string, number>();
  #width = 0;

  constructor(style: Style) {
    this.#style = style;
  }

  add(names: readonly string[]): void {
    for (const name of names) {
      if (!this.#order.has(name)) this.#order.set(name, this.#order.size);
      this.#width = Math.max(this.#width, visibleWidth(name));
    }
  }

  line(name: string, text: string): string {
    const colour = colours[(this.#order.get(name) ?? 0) % colours.length] ?? "cyan";
    return `${this.#style[colour](`${name.padEnd(this.#width)} |`)} ${withoutControls(text)}`;
  }
}

export interface LogLine {
  readonly instance: string;
  readonly text: string;
}

export class LogBoard {
  readonly #folder: string;
  readonly #wants: (file: LogFile) => boolean;
  readonly #followers = new Map<string, LogFollower>();

  /** Begins with what is written from now on. */
  constructor(folder: string, wants: (file: LogFile) => boolean) {
    this.#folder = folder;
    this.#wants = wants;
  }

  /** Takes a file up at a place that was read to already. */
  startAt(file: LogFile, offset: number): void {
    this.#followers.set(file.name, new LogFollower(file.path, offset));
  }

  /** What is new in all of them. A file that was not there before is read from its beginning. */
  read(): LogLine[] {
    for (const file of listLogFiles(this.#folder)) {
      if (!this.#followers.has(file.name) && this.#wants(file)) this.startAt(file, 0);
    }
    return [...this.#followers].flatMap(([instance, follower]) => follower.read().map((text) => ({ instance, text })));
  }
}

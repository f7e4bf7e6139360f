// What a command is given: where it runs, what was asked for globally, and where its words go. Results go to standard
// output; everything that is only said on the way goes to standard error, so that a pipe gets the result alone.
import { createStyle, type Style, wantsColour } from "./style.js";

export interface GlobalOptions {
  /** One JSON document on standard output instead of text. */
  readonly json: boolean;
  /** Results and errors only. */
  readonly quiet: boolean;
  /** Stack traces of errors. */
  readonly verbose: boolean;
  /** Folder to look for the app from; default: the working directory. */
  readonly appFolder: string;
}

export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Io {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export class Session {
  readonly options: GlobalOptions;
  readonly io: Io;
  readonly style: Style;
  readonly noteStyle: Style;

  constructor(options: GlobalOptions, io: Io) {
    this.options = options;
    this.io = io;
    this.style = createStyle(!options.json && wantsColour(io.environment, io.stdout.isTTY === true));
    this.noteStyle = createStyle(wantsColour(io.environment, io.stderr.isTTY === true));
  }

  /** A person looks on and may be shown something that moves. */
  get isLive(): boolean {
    const { stdout, stderr } = this.io;
    return stdout.isTTY === true && stderr.isTTY === true && !this.options.json && !this.options.quiet;
  }

  print(text: string): void {
    this.io.stdout.write(`${text}\n`);
  }

  note(text: string): void {
    if (!this.options.quiet && !this.options.json) this.io.stderr.write(`${text}\n`);
  }

  /** The command's one result, for a program or for a person. */
  result(value: unknown, render: (style: Style) => string): void {
    if (this.options.json) {
      this.print(JSON.stringify(value, null, 2));
      return;
    }
    const text = render(this.style);
    if (text !== "") this.print(text);
  }
}

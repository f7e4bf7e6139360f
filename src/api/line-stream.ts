// A stream of JSON lines to one reader, in bounded memory: a reader that falls behind loses the stream, not the
// controller its memory. Knows nothing of HTTP but the body it makes.
import type { Clock, Timer } from "../base/clock.js";
import type { Unsubscribe } from "../base/watchable.js";
import type { EndLine } from "./types.js";

export interface LineStreamOptions {
  readonly clock: Clock;
  /** Default 15000. */
  readonly heartbeatMs?: number;
  /** Lines that may wait for the reader. Default 1000. */
  readonly maxLines?: number;
  /** Characters that may wait for the reader; one line may always. Default 4 Mi. */
  readonly maxChars?: number;
}

export interface LineSink {
  push(line: object): void;
  /** Replaces a line pushed by the same call that still waits: for values of which only the newest matters. */
  pushLatest(line: object): void;
}

export class LineStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: Required<LineStreamOptions>;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waiting: string[] = [];
  #chars = 0;
  #latest: object | undefined;
  #heartbeat: Timer | undefined;
  #unsubscribe: Unsubscribe | undefined;
  #onClosed: () => void = () => {};
  #ended = false;

  /** `subscribe` is called at once; what it pushes before it returns comes first. */
  constructor(subscribe: (sink: LineSink) => Unsubscribe, options: LineStreamOptions) {
    this.#options = { heartbeatMs: 15_000, maxLines: 1_000, maxChars: 4 * 1024 * 1024, ...options };
    this.body = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#flush(),
        cancel: () => this.#stop(),
      },
      { highWaterMark: 1 },
    );
    const unsubscribe = subscribe({
      push: (line) => this.#push(line),
      pushLatest: (line) => this.#pushLatest(line),
    });
    if (this.#ended) unsubscribe();
    else this.#unsubscribe = unsubscribe;
    this.#beat();
  }

  /** Called once, when the reader left or the stream was ended. */
  set onClosed(listener: () => void) {
    if (this.#ended) listener();
    else this.#onClosed = listener;
  }

  /** Drops what waits, says why as the last line, closes. */
  end(code: EndLine["code"], reason: string): void {
    if (this.#ended) return;
    const line: EndLine = { type: "end", code, reason };
    this.#controller?.enqueue(this.#encode(JSON.stringify(line)));
    this.#controller?.close();
    this.#stop();
  }

  #push(line: object): void {
    if (this.#ended) return;
    const text = JSON.stringify(line);
    const { maxLines, maxChars } = this.#options;
    const overflows = this.#waiting.length >= maxLines || this.#chars + text.length > maxChars;
    if (overflows && this.#waiting.length > 0) {
      this.end("SLOW_READER", `the reader fell ${this.#waiting.length} lines behind`);
      return;
    }
    this.#waiting.push(text);
    this.#chars += text.length;
    this.#flush();
  }

  #pushLatest(line: object): void {
    if (this.#ended) return;
    this.#latest = line;
    this.#flush();
  }

  #flush(): void {
    if (this.#ended || (this.#controller?.desiredSize ?? 0) <= 0) return;
    const lines = this.#waiting;
    if (this.#latest) lines.push(JSON.stringify(this.#latest));
    this.#waiting = [];
    this.#chars = 0;
    this.#latest = undefined;
    if (lines.length > 0) this.#controller?.enqueue(this.#encode(lines.join("\n")));
  }

  #beat(): void {
    if (this.#ended) return;
    this.#heartbeat = this.#options.clock.setTimer(this.#options.heartbeatMs, () => {
      // A reader that has not taken what waits needs no sign of life, and must not have its queue filled by them.
      if (this.#waiting.length === 0) {
        this.#push({ type: "heartbeat", at: new Date(this.#options.clock.now()).toISOString() });
      }
      this.#beat();
    });
  }

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = [];
    this.#latest = undefined;
    this.#heartbeat?.cancel();
    this.#unsubscribe?.();
    this.#onClosed();
  }

  #encode(text: string): Uint8Array {
    return this.#encoder.encode(`${text}\n`);
  }
}

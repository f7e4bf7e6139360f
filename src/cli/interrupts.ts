// Ctrl-C for a command that must do something at it. SIGTERM is taken in its place. While this is open the process does
// not end at a signal by itself.

export class Interrupts {
  readonly first: Promise<void>;
  readonly second: Promise<void>;
  readonly #handle: () => void;
  #seen = 0;

  constructor() {
    const first = deferred();
    const second = deferred();
    this.first = first.promise;
    this.second = second.promise;
    this.#handle = () => {
      this.#seen++;
      if (this.#seen === 1) first.resolve();
      else second.resolve();
    };
    process.on("SIGINT", this.#handle);
    process.on("SIGTERM", this.#handle);
  }

  close(): void {
    process.off("SIGINT", this.#handle);
    process.off("SIGTERM", this.#handle);
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

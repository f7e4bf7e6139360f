// Closes what a program runs inside itself when that program is told to end and has no plans of its own for it: services
// must not go on unseen because somebody pressed Ctrl-C. A program that handles a signal itself is never interfered with.
import { messageOf } from "../base/errors.js";

/** As a shell reports an end by the signal. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type EndSignal = keyof typeof exitCodes;
const signals = Object.keys(exitCodes) as EndSignal[];

type Close = () => Promise<void>;

const open = new Set<Close>();
const handlers: Readonly<Record<EndSignal, () => void>> = {
  SIGINT: () => onSignal("SIGINT"),
  SIGTERM: () => onSignal("SIGTERM"),
};

/** `close` is called at SIGINT, at SIGTERM and when the program has nothing left to do, unless it was forgotten before. */
export function closeAtProgramEnd(close: Close): { forget(): void } {
  if (open.size === 0) listen();
  open.add(close);
  return {
    forget: () => {
      if (open.delete(close) && open.size === 0) stopListening();
    },
  };
}

function listen(): void {
  // In front, because a handler that the program set for one time only is not to be seen after its turn.
  for (const signal of signals) process.prependListener(signal, handlers[signal]);
  process.on("beforeExit", onNothingLeft);
}

function stopListening(): void {
  for (const signal of signals) process.off(signal, handlers[signal]);
  process.off("beforeExit", onNothingLeft);
}

function onSignal(signal: EndSignal): void {
  // Away while others look: some end the program only when nobody else listens. A second signal ends it at once.
  process.off(signal, handlers[signal]);
  if (process.listenerCount(signal) > 0) {
    setImmediate(() => {
      if (open.size > 0 && !process.listeners(signal).includes(handlers[signal])) {
        process.prependListener(signal, handlers[signal]);
      }
    });
    return;
  }
  process.stderr.write(`${signal}: stopping what Tusk runs; once more leaves it running\n`);
  void closeAll().then(() => process.exit(exitCodes[signal]));
}

function onNothingLeft(): void {
  void closeAll();
}

async function closeAll(): Promise<void> {
  const closing = [...open];
  open.clear();
  process.off("beforeExit", onNothingLeft);
  const ends = await Promise.allSettled(closing.map((close) => close()));
  for (const end of ends) {
    if (end.status === "rejected") process.stderr.write(`not everything was stopped: ${messageOf(end.reason)}\n`);
  }
}

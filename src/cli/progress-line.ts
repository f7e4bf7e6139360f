// What a long step says of itself: one line that is written over on a terminal; elsewhere each line that is a headline,
// so that a log says what took the time and is not filled with every package's name.
import { withoutControls } from "./format.js";
import type { Session } from "./session.js";

export interface ProgressLine {
  /** The step as a whole. */
  headline(text: string): void;
  /** A detail of it; on a terminal only. */
  detail(text: string): void;
  /** Takes the moving line away. */
  close(): void;
}

const clear = "\r\u001b[2K";

export function openProgressLine(session: Session): ProgressLine {
  const { stderr } = session.io;
  if (!session.isLive) return { headline: (text) => session.note(text), detail: () => {}, close: () => {} };
  const show = (text: string): void => {
    const width = Math.max(10, (stderr.columns ?? 80) - 1);
    stderr.write(clear + session.noteStyle.dim(withoutControls(text).slice(0, width)));
  };
  return { headline: show, detail: show, close: () => stderr.write(clear) };
}

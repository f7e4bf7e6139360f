// Follows a log through copy-truncate rotation: which bytes of which file are new. Pure; the shell is log-follower.ts.

/** What is seen of a log and of its newest rotated copy (`.1`) at one look. */
export interface Sighting {
  /** Bytes in the log; 0 when it is not there. */
  readonly size: number;
  /** Tells one copy from the next; null: there is none. */
  readonly copyStamp: string | null;
  readonly copySize: number;
}

export interface FollowState {
  /** Bytes of the log that were read. */
  readonly offset: number;
  readonly copyStamp: string | null;
}

export interface Read {
  readonly from: "log" | "copy";
  readonly start: number;
  readonly end: number;
}

export function follow(state: FollowState, seen: Sighting): { readonly state: FollowState; readonly reads: Read[] } {
  const { size, copyStamp, copySize } = seen;
  // A new copy as long as the log: it is copied, but not truncated yet. The next look will see it truncated.
  const isRotated = copyStamp !== null && copyStamp !== state.copyStamp && size < copySize;
  if (isRotated) {
    const rest = copySize > state.offset ? [{ from: "copy", start: state.offset, end: copySize } as const] : [];
    return { state: { offset: size, copyStamp }, reads: [...rest, ...readLog(0, size)] };
  }
  // Shorter without a copy: somebody emptied it.
  const start = size < state.offset ? 0 : state.offset;
  return { state: { offset: size, copyStamp: state.copyStamp }, reads: readLog(start, size) };
}

function readLog(start: number, end: number): Read[] {
  return end > start ? [{ from: "log", start, end }] : [];
}

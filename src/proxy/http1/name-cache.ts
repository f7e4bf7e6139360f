// Strings for methods and field names, which repeat from message to message: found again by their bytes, so that
// none is made twice. A table of fixed size where the newest takes the place: nothing to fill up.

import { latin1 } from "./bytes.js";

const size = 1_024;
const longest = 64;
const names: (string | undefined)[] = new Array<string | undefined>(size).fill(undefined);

/** The bytes as text. `hash`: any number made of these bytes. */
export function nameOf(bytes: Buffer, from: number, to: number, hash: number): string {
  const slot = hash & (size - 1);
  const held = names[slot];
  if (held !== undefined && isSame(held, bytes, from, to)) return held;
  const text = latin1(bytes, from, to);
  if (text.length <= longest) names[slot] = text;
  return text;
}

function isSame(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[from + index]) return false;
  }
  return true;
}

// What each byte may be in an HTTP/1.1 message (RFC 9110, 5.5 and 5.6; RFC 9112, 2.2, 3 and 7.1), as tables, and the
// search for the end of a line. Strict: the only end of a line is CR LF, and no other control character is let through.
import { MessageError } from "./message-error.js";

export const CR = 13;
export const LF = 10;
export const SPACE = 32;
export const TAB = 9;
export const COLON = 58;
export const SEMICOLON = 59;

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** 1: may stand within a line: tab, space, visible ASCII, obs-text. */
const lineBytes = Uint8Array.from({ length: 256 }, (_, byte) => (byte === TAB || (byte >= 32 && byte !== 127) ? 1 : 0));

/** 1: may stand in a token, such as a method or a field name. */
export const tokenBytes = Uint8Array.from({ length: 256 }, (_, byte) =>
  tokenCharacters.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** 1: may stand in a request target: visible ASCII. */
export const targetBytes = Uint8Array.from({ length: 256 }, (_, byte) => (byte > 32 && byte < 127 ? 1 : 0));

/** The value of a hexadecimal digit; 255 for every other byte. */
export const hexDigits = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 255 : value;
});

/** Where the line ends: the index of its CR. -1: no end yet. Throws on a byte that may not stand in a line. */
export function lineEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && lineBytes[bytes[at] as number] === 1) at++;
  if (at === to) return -1;
  if (bytes[at] !== CR) throw new MessageError("malformed", badByte(bytes[at] as number));
  if (at + 1 === to) return -1;
  if (bytes[at + 1] !== LF) throw new MessageError("malformed", "a carriage return stands without its line feed");
  return at;
}

function badByte(byte: number): string {
  if (byte === LF) return "a line feed stands without its carriage return";
  return `a control character (0x${byte.toString(16).padStart(2, "0")}) stands in a line`;
}

const http1 = Buffer.from("HTTP/1.");

/** The minor version of the `HTTP/1.x` that stands at `from`. -1: something else does. */
export function minorVersionAt(bytes: Uint8Array, from: number): number {
  for (let index = 0; index < http1.length; index++) if (bytes[from + index] !== http1[index]) return -1;
  const minor = (bytes[from + http1.length] as number) - 48;
  return minor === 0 || minor === 1 ? minor : -1;
}

/** Digits only, at most `limit`. -1: not that. */
export function parseDecimal(text: string, limit: number): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= limit ? value : -1;
}

/** What `toString` calls after it has looked at the name of the encoding. */
interface Latin1Bytes {
  latin1Slice(from: number, to: number): string;
}

/** The bytes as text, one character each. */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as unknown as Latin1Bytes).latin1Slice(from, to);
}

// What a field of HTTP/2 is, by its name; and what may stand in a name and a value (RFC 9113, 8.2). Whatever HTTP/1.1
// could read as something else is no field.
import { tokenBytes } from "../http1/bytes.js";

export type FieldKind =
  | ":method"
  | ":scheme"
  | ":path"
  | ":authority"
  | ":status"
  | ":protocol"
  | "content-length"
  | "host"
  | "cookie"
  | "expect"
  /** Has a meaning only where the value is `trailers`. */
  | "te"
  | "other"
  /** Not a name, a pseudo field that nobody knows, or one of the connection. */
  | "invalid";

const known: Readonly<Record<string, FieldKind>> = {
  ":method": ":method",
  ":scheme": ":scheme",
  ":path": ":path",
  ":authority": ":authority",
  ":status": ":status",
  ":protocol": ":protocol",
  "content-length": "content-length",
  host: "host",
  cookie: "cookie",
  expect: "expect",
  te: "te",
  connection: "invalid",
  "keep-alive": "invalid",
  "proxy-connection": "invalid",
  "transfer-encoding": "invalid",
  upgrade: "invalid",
  "http2-settings": "invalid",
};

const maxNames = 4_096;
const names = new Map<string, FieldKind>();

export function fieldKind(name: string): FieldKind {
  return names.get(name) ?? look(name);
}

function look(name: string): FieldKind {
  const kind = (Object.hasOwn(known, name) ? known[name] : undefined) ?? (isName(name) ? "other" : "invalid");
  // Full: whoever sends ever new names pays for it alone.
  if (names.size < maxNames) names.set(name, kind);
  return kind;
}

/** A token without upper case. */
function isName(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const byte = name.charCodeAt(index);
    if (tokenBytes[byte] !== 1 || (byte >= 65 && byte <= 90)) return false;
  }
  return name.length > 0;
}

const tab = 9;
const space = 32;
const isBlank = (byte: number | undefined): boolean => byte === space || byte === tab;

/** No control character but tab, and no white space around. */
export function isFieldValue(bytes: Uint8Array, from: number, to: number): boolean {
  if (from === to) return true;
  if (isBlank(bytes[from]) || isBlank(bytes[to - 1])) return false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if ((byte < 32 && byte !== tab) || byte === 127) return false;
  }
  return true;
}

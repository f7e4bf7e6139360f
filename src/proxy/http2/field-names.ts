// How the encoder writes each name: found once for each spelling. What may be remembered by the peer is a list of
// names, because the peer's table is a place where a secret could be guessed (RFC 7541, 7.1): everything else is sent
// as "never indexed", which also keeps that mark where a sender has set it.
import { staticNames, staticSize, staticValues } from "./static-table.js";

export interface FieldName {
  /** In lower case. */
  readonly text: string;
  /** Of the name in the static table; 0: not there. */
  readonly index: number;
  /** Values that the static table has, with their index. */
  readonly values: readonly { readonly value: string; readonly index: number }[];
  /** Place in an encoder's memory; -1: never remembered. */
  readonly memory: number;
}

const remembered = [
  ":authority",
  ":path",
  ":status",
  "accept",
  "accept-encoding",
  "accept-language",
  "accept-ranges",
  "access-control-allow-origin",
  "age",
  "alt-svc",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "date",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-message",
  "grpc-status",
  "grpc-timeout",
  "last-modified",
  "server",
  "strict-transport-security",
  "te",
  "user-agent",
  "vary",
  "via",
  "x-content-type-options",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-frame-options",
  "x-powered-by",
];

export const rememberedNames = remembered.length;

const maxSpellings = 4_096;
const spellings = new Map<string, FieldName>();

/** `name` in any spelling. */
export function fieldName(name: string): FieldName {
  return spellings.get(name) ?? look(name);
}

function look(name: string): FieldName {
  const text = name.toLowerCase();
  const values: { value: string; index: number }[] = [];
  for (let index = 1; index <= staticSize; index++) {
    const value = staticValues[index] as string;
    if (staticNames[index] === text && value !== "") values.push({ value, index });
  }
  const index = Math.max(0, staticNames.indexOf(text));
  const found = { text, index, values, memory: remembered.indexOf(text) };
  if (spellings.size < maxSpellings) spellings.set(name, found);
  return found;
}

// Which header fields a filter may change. Framing and hop-by-hop fields are the codecs' own: whoever sets one by a
// filter makes two readers of one message disagree. Host is changed by a rewrite, which the proxy knows of.

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
/** Visible characters, spaces and tabs inside, Latin-1 (RFC 9110, 5.5). */
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

const ownedByCodecs = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export const isFieldName = (name: string): boolean => token.test(name);

export const isFieldValue = (value: string): boolean => value.length <= 4096 && fieldValue.test(value);

/** `name` in any spelling. */
export const mayBeEdited = (name: string): boolean => isFieldName(name) && !ownedByCodecs.has(name.toLowerCase());

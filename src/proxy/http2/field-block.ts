// The fields of one header block, and whether they make a request, an answer or trailers (RFC 9113, 8.2 and 8.3).
// One that is not exactly that is malformed: what goes on in HTTP/1.1 must mean the same there.
import { parseDecimal, targetBytes, tokenBytes } from "../http1/bytes.js";
import type { FieldKind } from "./field-kinds.js";
import type { FieldReader } from "./hpack-decoder.js";
import { entryOverhead } from "./hpack-decoder.js";

export type BlockVerdict = "valid" | "malformed" | "too-large" | "target-too-long";

export interface BlockLimits {
  /** Of names and values, with 32 for each field (section 6.5.2). */
  readonly bytes: number;
  readonly fields: number;
  /** Of the path. */
  readonly targetBytes: number;
}

/** Used again for each block: what is to be kept of it is taken out before the next. */
export class FieldBlock implements FieldReader {
  method: string | undefined;
  scheme: string | undefined;
  path: string | undefined;
  authority: string | undefined;
  status: string | undefined;
  protocol: string | undefined;
  /** Of a request: Host first, made of the authority, and one cookie. */
  headers: string[] = [];
  /** -1: not said. */
  contentLength = -1;
  expects: string | undefined;
  #limits: BlockLimits = { bytes: 0, fields: 0, targetBytes: 0 };
  #bytes = 0;
  #cookie: string | undefined;
  #malformed = false;
  #tooLarge = false;

  begin(limits: BlockLimits): void {
    this.#limits = limits;
    this.method = undefined;
    this.scheme = undefined;
    this.path = undefined;
    this.authority = undefined;
    this.status = undefined;
    this.protocol = undefined;
    this.headers = [];
    this.contentLength = -1;
    this.expects = undefined;
    this.#bytes = 0;
    this.#cookie = undefined;
    this.#malformed = false;
    this.#tooLarge = false;
  }

  onField(name: string, value: string, kind: FieldKind): void {
    this.#bytes += name.length + value.length + entryOverhead;
    if (this.#bytes > this.#limits.bytes || this.headers.length >= this.#limits.fields * 2) {
      this.#tooLarge = true;
      return;
    }
    switch (kind) {
      case "other":
        this.headers.push(name, value);
        return;
      case ":method":
        this.#pseudo(this.method === undefined);
        this.method = value;
        return;
      case ":scheme":
        this.#pseudo(this.scheme === undefined);
        this.scheme = value;
        return;
      case ":path":
        this.#pseudo(this.path === undefined);
        this.path = value;
        return;
      case ":authority":
        this.#pseudo(this.authority === undefined);
        this.authority = value;
        return;
      case ":status":
        this.#pseudo(this.status === undefined);
        this.status = value;
        return;
      case ":protocol":
        this.#pseudo(this.protocol === undefined);
        this.protocol = value;
        return;
      default:
        this.#onRegular(name, value, kind);
    }
  }

  request(): BlockVerdict {
    if (this.#tooLarge) return (this.path?.length ?? 0) > this.#limits.targetBytes ? "target-too-long" : "too-large";
    const { method, scheme, path } = this;
    if (this.#malformed || this.status !== undefined || this.protocol !== undefined) return "malformed";
    if (method === undefined || !isToken(method)) return "malformed";
    // A tunnel has an authority alone (section 8.5).
    if (method === "CONNECT") return scheme === undefined && path === undefined ? "valid" : "malformed";
    if (scheme !== "http" && scheme !== "https") return "malformed";
    if (path === undefined || !isPath(path, method)) return "malformed";
    if (path.length > this.#limits.targetBytes) return "target-too-long";
    this.#addHost();
    if (this.#cookie !== undefined) this.headers.push("cookie", this.#cookie);
    return "valid";
  }

  answer(): BlockVerdict {
    if (this.#tooLarge) return "too-large";
    if (this.#malformed || this.#saysRequest()) return "malformed";
    if (this.status === undefined || !/^[1-9]\d\d$/.test(this.status)) return "malformed";
    if (this.#cookie !== undefined) this.headers.push("cookie", this.#cookie);
    return "valid";
  }

  trailers(): BlockVerdict {
    if (this.#tooLarge) return "too-large";
    return this.#malformed || this.#saysRequest() || this.status !== undefined ? "malformed" : "valid";
  }

  #saysRequest(): boolean {
    const { method, scheme, path, authority, protocol } = this;
    return (
      method !== undefined ||
      scheme !== undefined ||
      path !== undefined ||
      authority !== undefined ||
      protocol !== undefined
    );
  }

  /** Once, and before every other field. */
  #pseudo(isFirst: boolean): void {
    if (!isFirst || this.headers.length > 0 || this.#cookie !== undefined) this.#malformed = true;
  }

  #onRegular(name: string, value: string, kind: FieldKind): void {
    switch (kind) {
      case "cookie":
        // Split for compression; other protocols have one (section 8.2.3).
        this.#cookie = this.#cookie === undefined ? value : `${this.#cookie}; ${value}`;
        return;
      case "content-length": {
        const length = parseDecimal(value, Number.MAX_SAFE_INTEGER);
        if (length === -1 || this.contentLength !== -1) this.#malformed = true;
        this.contentLength = length;
        break;
      }
      case "expect":
        this.expects = value.toLowerCase();
        break;
      case "te":
        if (value !== "trailers") this.#malformed = true;
        break;
      case "host":
        break;
      default:
        this.#malformed = true;
    }
    this.headers.push(name, value);
  }

  // A Host that says something else stays beside it, and is refused as a second one.
  #addHost(): void {
    const { authority, headers } = this;
    if (authority === undefined) return;
    const at = headers.indexOf("host");
    if (at !== -1 && at % 2 === 0 && headers[at + 1] === authority) headers.splice(at, 2);
    headers.unshift("host", authority);
  }
}

function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (tokenBytes[text.charCodeAt(index)] !== 1) return false;
  return text.length > 0;
}

function isPath(path: string, method: string): boolean {
  if (path.charCodeAt(0) !== 47) return path === "*" && method === "OPTIONS";
  for (let index = 0; index < path.length; index++) if (targetBytes[path.charCodeAt(index)] !== 1) return false;
  return true;
}

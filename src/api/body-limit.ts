// Bounds what a request may send. Our own, because Hono's rebuilds the request in a way that needs the server adapter's
// Request in place of the program's global one.
import type { MiddlewareHandler } from "hono";
import { TuskError } from "../base/errors.js";

export function limitBody(maxBytes: number): MiddlewareHandler {
  return async (context, next) => {
    const { raw } = context.req;
    // A body has a length, which the HTTP parser holds it to, or comes in chunks, which are counted.
    if (Number(raw.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
    if (raw.headers.has("transfer-encoding") && raw.body) {
      const body = await readUpTo(raw.body, maxBytes);
      context.req.raw = new Request(raw.url, { method: raw.method, headers: raw.headers, body });
    }
    await next();
  };
}

async function readUpTo(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.byteLength;
    if (length > maxBytes) throw tooLarge(maxBytes);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

const tooLarge = (maxBytes: number): TuskError =>
  new TuskError("REQUEST_TOO_LARGE", `the body is larger than ${maxBytes} bytes`);

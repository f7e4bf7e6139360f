// Node's TLS and HTTP/2, loaded with the first listener that needs them: they cost a worker that has none some
// milliseconds of its start and three megabytes.
import { createRequire } from "node:module";

type Tls = typeof import("node:tls");
type Http2 = typeof import("node:http2");

const require = createRequire(import.meta.url);

export const loadTls = (): Tls => require("node:tls") as Tls;
export const loadHttp2 = (): Http2 => require("node:http2") as Http2;

// Node's TLS, loaded with the first listener that needs it: it costs a worker that has none some
// milliseconds of its start and three megabytes.
import { createRequire } from "node:module";

type Tls = typeof import("node:tls");

const require = createRequire(import.meta.url);

export const loadTls = (): Tls => require("node:tls") as Tls;

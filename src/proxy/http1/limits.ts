// What a client may ask of this proxy, in bytes and in time. docs/proxy-answers.md says how each is answered.

export interface HttpLimits {
  /** Of the request line. Default 8 KiB. */
  readonly requestLineBytes: number;
  /** Request line and headers together. Default 16 KiB. */
  readonly headerBytes: number;
  /** Headers of a request. Default 100. */
  readonly headers: number;
  /** Default 64 GiB. */
  readonly bodyBytes: number;
  /** For the whole head of a request, from its first byte. Default 10 s. */
  readonly headerMs: number;
  /** Between two requests on a connection, and before the first. Default 72 s. */
  readonly keepAliveMs: number;
  /** While we wait for the client: for the next part of its body, or to take what was written. Default 60 s. */
  readonly stallMs: number;
  /** Without a byte from either side in a tunnel, where the plan says nothing else. Default 1 h. */
  readonly tunnelMs: number;
  /** For the next part of an answer to a client that has closed its side: it may be gone altogether. Default 1 s. */
  readonly halfClosedMs: number;
}

export const defaultLimits: HttpLimits = {
  requestLineBytes: 8 * 1024,
  headerBytes: 16 * 1024,
  headers: 100,
  bodyBytes: 64 * 1024 ** 3,
  headerMs: 10_000,
  keepAliveMs: 72_000,
  stallMs: 60_000,
  tunnelMs: 3_600_000,
  halfClosedMs: 1_000,
};

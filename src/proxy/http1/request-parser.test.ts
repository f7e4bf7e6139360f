import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MessageError } from "./message-error.js";
import type { MessageLimits } from "./message-parser.js";
import { type RequestHandler, RequestParser } from "./request-parser.js";

const limits: MessageLimits = { startLineBytes: 200, headBytes: 600, fields: 5, bodyBytes: 1_000 };

interface Read {
  readonly head: string;
  readonly headers: readonly string[];
  readonly bodyLength: number | null;
  readonly keepsAlive: boolean;
  body: string;
  trailers: readonly string[] | null;
}

/** Reads all messages of a stream that comes in these pieces, and notes where and why it stopped. */
class Reading implements RequestHandler {
  readonly requests: Read[] = [];
  problem: string | null = null;
  readonly parser = new RequestParser(limits, this);

  constructor(pieces: readonly string[]) {
    try {
      for (const piece of pieces) this.#feed(Buffer.from(piece, "latin1"));
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.problem = error.problem;
    }
  }

  #feed(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.parser.complete) this.parser.next();
      at = this.parser.feed(bytes, at, bytes.length);
    }
    // What was lent is overwritten by the next read.
    bytes.fill("#");
  }

  onRequestHead(): void {
    const { method, target, minorVersion, headers, bodyLength, keepsAlive } = this.parser;
    const head = `${method} ${target} 1.${minorVersion}`;
    this.requests.push({ head, headers, bodyLength, keepsAlive, body: "", trailers: null });
  }

  onRequestBody(chunk: Buffer): void {
    const last = this.requests.at(-1);
    if (last) last.body += chunk.toString("latin1");
  }

  onRequestEnd(trailers: readonly string[]): void {
    const last = this.requests.at(-1);
    if (last) last.trailers = trailers;
  }

  get outcome(): unknown {
    return { requests: this.requests, problem: this.problem };
  }
}

const read = (text: string): Reading => new Reading([text]);
const one = (text: string): Read => {
  const { requests, problem } = read(text);
  assert.equal(problem, null);
  assert.equal(requests.length, 1);
  return requests[0] as Read;
};

describe("a request", () => {
  it("is read with its fields in the spelling and order of the wire", () => {
    const { head, headers, body, trailers, bodyLength } = one(
      "GET /a?b=1 HTTP/1.1\r\nHOST: x\r\nx-a:\t1 2 \r\nX-A:\r\n\r\n",
    );
    assert.equal(head, "GET /a?b=1 1.1");
    assert.deepEqual(headers, ["HOST", "x", "x-a", "1 2", "X-A", ""]);
    assert.deepEqual([body, trailers, bodyLength], ["", [], 0]);
  });

  it("has a body by length, or by chunks with extensions and trailers", () => {
    assert.equal(one("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello").body, "hello");
    const chunked = one(
      "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n005;a=b\r\nhello\r\n1 ; c\r\n!\r\n0\r\nX-Sum: 9\r\n\r\n",
    );
    assert.equal(chunked.body, "hello!");
    assert.deepEqual(chunked.trailers, ["X-Sum", "9"]);
    assert.equal(chunked.bodyLength, null);
  });

  it("is followed by the next on the same connection", () => {
    const text = "POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.0\r\n\r\n";
    const { requests, problem } = read(text);
    assert.equal(problem, null);
    assert.deepEqual(
      requests.map(({ head, body, keepsAlive }) => `${head} ${body} ${keepsAlive}`),
      ["POST /1 1.1 ab true", "GET /2 1.1  true", "GET /3 1.0  false"],
    );
  });

  const connections: [version: string, value: string, keeps: boolean][] = [
    ["1.1", "close", false],
    ["1.1", "x, Close", false],
    ["1.1", "keep-alive", true],
    ["1.0", "Keep-Alive", true],
    ["1.0", "keep-alive, close", false],
    ["1.0", "x", false],
  ];
  for (const [version, value, keeps] of connections) {
    it(`of HTTP/${version} with Connection: ${value} ${keeps ? "keeps" : "ends"} the connection`, () =>
      assert.equal(one(`GET / HTTP/${version}\r\nConnection: ${value}\r\n\r\n`).keepsAlive, keeps));
  }

  const refused: [what: string, text: string, problem?: string][] = [
    ["a bare line feed", "GET / HTTP/1.1\nHost: a\n\n"],
    ["a bare line feed in the fields", "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n"],
    ["a bare carriage return", "GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n"],
    ["a NUL", "GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"],
    ["a fold", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"],
    ["a field that begins with white space", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
    ["white space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"],
    ["a field without a name", "GET / HTTP/1.1\r\n: a\r\n\r\n"],
    ["a field without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n"],
    ["two spaces in the request line", "GET  / HTTP/1.1\r\n\r\n"],
    ["a space in the target", "GET /a b HTTP/1.1\r\n\r\n"],
    ["a tab in the request line", "GET\t/ HTTP/1.1\r\n\r\n"],
    ["a byte beyond ASCII in the target", "GET /\xe9 HTTP/1.1\r\n\r\n"],
    ["no version", "GET /\r\n\r\n"],
    ["a version in lower case", "GET / http/1.1\r\n\r\n"],
    ["a version of more digits", "GET / HTTP/1.10\r\n\r\n"],
    ["two empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\n\r\n"],
    [
      "Content-Length and Transfer-Encoding",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ["two equal lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"],
    ["a list of lengths", "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na"],
    ["a length with a sign", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na"],
    ["an empty length", "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n"],
    ["two codings", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    ["chunked twice", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a tab behind the coding", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"],
    ["a coding in quotes", 'POST / HTTP/1.1\r\nTransfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n'],
    ["chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a chunk size with a prefix", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"],
    ["a chunk size with a space alone", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n"],
    ["an empty chunk size", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\na\r\n0\r\n\r\n"],
    ["a chunk longer than its size", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"],
    ["a bare line feed after a chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n"],
    ["an endless chunk extension", `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;${"x".repeat(600)}`],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version"],
    ["HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", "version"],
    ["an endless request line", "G".repeat(201), "start-line-too-long"],
    ["an endless field", `GET / HTTP/1.1\r\nX: ${"x".repeat(600)}`, "head-too-large"],
    ["too many fields", `GET / HTTP/1.1\r\n${"X: 1\r\n".repeat(6)}\r\n`, "head-too-large"],
    [
      "too many trailers",
      `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"X: 1\r\n".repeat(6)}\r\n`,
      "head-too-large",
    ],
    ["a body over the limit", "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", "body-too-large"],
    [
      "a chunk over the limit",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
      "body-too-large",
    ],
    ["a number beyond all", "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"],
  ];
  for (const [what, text, problem = "malformed"] of refused) {
    it(`with ${what} is refused`, () => {
      assert.equal(read(text).problem, problem);
      assert.equal(new Reading([...text]).problem, problem, "byte by byte");
    });
  }

  it("that ends half-way is known to be incomplete", () => {
    const whole = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    for (let length = 1; length < whole.length; length++)
      assert.equal(read(whole.slice(0, length)).parser.end(), false);
    assert.equal(read(whole).parser.end(), true);
  });
});

/** Fragments that make streams which are nearly or quite right. */
const fragments = fc.constantFrom(
  ...[
    "GET / HTTP/1.1\r\n",
    "POST /x HTTP/1.1\r\n",
    "PUT /y HTTP/1.0\r\n",
    "Host: a\r\n",
    "X-Long-Name: some value\r\n",
  ],
  ...[
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "\r\n",
    "abc",
    "3\r\nabc\r\n",
    "0\r\n",
  ],
  ...["0\r\n\r\n", "X: \xff\t.\r\n", "\r", "\n", " ", ":", "A", "\0"],
);

function cut(text: string, at: readonly number[]): string[] {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((one, other) => one - other);
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
}

describe("the pieces in which a stream comes", () => {
  it("make no difference to what is read", () => {
    const streams = fc.array(fragments, { maxLength: 24 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 12 }), (text, places) => {
        const whole = read(text).outcome;
        assert.deepEqual(new Reading(cut(text, places)).outcome, whole);
        assert.deepEqual(new Reading([...text]).outcome, whole, "byte by byte");
      }),
      { numRuns: 2_000 },
    );
  });

  it("of any bytes at all never end in another error", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (pieces) => {
        assert.ok(new Reading(pieces.map((piece) => Buffer.from(piece).toString("latin1"))));
      }),
    );
  });
});

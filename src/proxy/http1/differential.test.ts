// The parser against Node's own (llhttp): whatever both take must mean the same to both, because a service behind this
// proxy may well read with the other one. Ours may refuse more. `TUSK_FUZZ_SECONDS=3600` makes it last.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { MessageError } from "./message-error.js";
import { type RequestHandler, RequestParser } from "./request-parser.js";
import { type ResponseHandler, ResponseParser } from "./response-parser.js";

interface NodeParser {
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): number | Error;
  finish(): number | Error | undefined;
  close(): void;
  [callback: number]: unknown;
}

interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const require = createRequire(import.meta.url);
const { HTTPParser, methods } = require("node:_http_common") as {
  HTTPParser: NodeParserClass;
  methods: readonly string[];
};

interface Messages {
  /** Those that were complete, as one line each. */
  readonly complete: string[];
  refused: boolean;
}

const limits = { startLineBytes: 4_096, headBytes: 8_192, fields: 100, bodyBytes: 1_000_000 };

function feedAll(parser: RequestParser | ResponseParser, text: string, messages: Messages): void {
  const bytes = Buffer.from(text, "latin1");
  try {
    for (let at = 0; at < bytes.length; ) {
      if (parser.complete) parser.next();
      at = parser.feed(bytes, at, bytes.length);
    }
    parser.end();
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    messages.refused = true;
  }
}

function ourRequests(text: string): Messages {
  const messages: Messages = { complete: [], refused: false };
  let body = "";
  const handler: RequestHandler = {
    onRequestHead() {
      body = "";
    },
    onRequestBody(chunk) {
      body += chunk.toString("latin1");
    },
    onRequestEnd() {
      const { method, target, headers } = parser;
      messages.complete.push(JSON.stringify([method, target, headers, body]));
    },
  };
  const parser = new RequestParser(limits, handler);
  feedAll(parser, text, messages);
  return messages;
}

function ourAnswers(text: string): Messages {
  const messages: Messages = { complete: [], refused: false };
  let body = "";
  const handler: ResponseHandler = {
    // Node's parser tells of one like of any other.
    onInterim(status, headers) {
      messages.complete.push(JSON.stringify([status, headers, ""]));
    },
    onResponseHead() {
      body = "";
    },
    onResponseBody(chunk) {
      body += chunk.toString("latin1");
    },
    onResponseEnd() {
      messages.complete.push(JSON.stringify([parser.status, parser.headers, body]));
    },
  };
  const parser = new ResponseParser(limits, handler);
  parser.expect("GET");
  feedAll(parser, text, messages);
  return messages;
}

function theirMessages(text: string, isRequest: boolean): Messages {
  const messages: Messages = { complete: [], refused: false };
  const parser = new HTTPParser();
  parser.initialize(isRequest ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {});
  let headers: string[] = [];
  let first: unknown[] = [];
  let body = "";
  let isHeadDone = false;
  let early = "";
  parser[HTTPParser.kOnHeaders] = (more: string[], target: string) => {
    // After the head: trailers. After a message with trailers it tells the next head in this way.
    if (isHeadDone) return;
    headers.push(...more);
    early = target;
  };
  parser[HTTPParser.kOnHeadersComplete] = (...told: unknown[]) => {
    const [, , given, method, url, status] = told as [
      number,
      number,
      string[] | undefined,
      number,
      string | undefined,
      number,
    ];
    headers.push(...(given ?? []));
    first = isRequest ? [methods[method], url ?? early] : [status];
    isHeadDone = true;
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk: Buffer) => {
    body += chunk.toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    messages.complete.push(JSON.stringify([...first, headers, body]));
    headers = [];
    body = "";
    isHeadDone = false;
  };
  const result = parser.execute(Buffer.from(text, "latin1"));
  if (result instanceof Error) messages.refused = true;
  else if (parser.finish() instanceof Error) messages.refused = true;
  // Else the test runner, which follows it as an asynchronous resource, keeps it.
  parser.close();
  return messages;
}

const commonParts = [
  ...[
    "Host: a\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: 0\r\n",
    "content-length:  12\r\n",
    "Transfer-Encoding: chunked\r\n",
  ],
  ...[
    "Transfer-Encoding: gzip\r\n",
    "X-A: \t b c \t\r\n",
    "X-B:\r\n",
    "Connection: keep-alive\r\n",
    "\r\n",
    "abc",
    "abcdefghijkl",
  ],
  ...[
    "3\r\nabc\r\n",
    "03;a=b\r\nabc\r\n",
    "a\r\n0123456789\r\n",
    "0\r\n\r\n",
    "0\r\nX-T: 1\r\n\r\n",
    "\r",
    "\n",
    " ",
    "\t",
    ":",
    "0",
    "\x7f",
  ],
];
const requestParts = [
  "GET / HTTP/1.1\r\n",
  "POST /a?b HTTP/1.1\r\n",
  "PUT http://a/ HTTP/1.0\r\n",
  "DELETE /% HTTP/1.1\r\n",
  ...commonParts,
];
const answerParts = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 204 No\r\n",
  "HTTP/1.0 200 OK\r\n",
  "HTTP/1.1 304 X\r\n",
  "HTTP/1.1 103 X\r\n",
  ...commonParts,
];

const wellFormed = (lines: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...lines),
      fc.constantFrom("Host: a\r\n", "", "X-A: b\r\nX-C:d\r\n"),
      fc.constantFrom(
        ...[
          "\r\n",
          "Content-Length: 0\r\n\r\n",
          "Content-Length: 5\r\n\r\nhello",
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ],
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x\r\n!\r\n0\r\nX-T: 1\r\n\r\n",
      ),
    )
    .map((parts) => parts.join(""));

/** Nearly right, quite right, and quite right with one thing changed. */
function streams(parts: readonly string[]): fc.Arbitrary<string> {
  const lines = parts.filter((part) => part.includes("HTTP/1"));
  const right = fc.array(wellFormed(lines), { minLength: 1, maxLength: 4 }).map((messages) => messages.join(""));
  const changed = fc
    .tuple(right, fc.nat(), fc.constantFrom(...parts, "", "\0", "\xff"), fc.nat(3))
    .map(([text, at, put, skip]) => {
      const place = at % text.length;
      return text.slice(0, place) + put + text.slice(place + skip);
    });
  return fc.oneof(
    right,
    changed,
    fc.array(fc.constantFrom(...parts), { maxLength: 16 }).map((all) => all.join("")),
  );
}

/** What both have read to its end is the same, message by message. */
function assertAgreement(text: string, ours: Messages, theirs: Messages): void {
  const both = Math.min(ours.complete.length, theirs.complete.length);
  assert.deepEqual(ours.complete.slice(0, both), theirs.complete.slice(0, both), JSON.stringify(text));
  if (!ours.refused && !theirs.refused)
    assert.equal(ours.complete.length, theirs.complete.length, JSON.stringify(text));
}

const seconds = Number(process.env.TUSK_FUZZ_SECONDS ?? 0);

async function agree(
  test: { diagnostic(text: string): void },
  parts: readonly string[],
  read: (text: string) => [Messages, Messages],
): Promise<void> {
  let inputs = 0;
  let taken = 0;
  const property = fc.property(streams(parts), (text) => {
    const [ours, theirs] = read(text);
    inputs++;
    if (!ours.refused && !theirs.refused) taken++;
    assertAgreement(text, ours, theirs);
  });
  const until = performance.now() + seconds * 500;
  do {
    fc.assert(property, { numRuns: 3_000 });
    // Node counts its parsers until the event loop has turned, and to some millions only.
    await turn();
  } while (performance.now() < until);
  test.diagnostic(`${inputs} inputs, ${taken} taken by both`);
}

describe("this parser and Node's", () => {
  it("read the same requests", (test) =>
    agree(test, requestParts, (text) => [ourRequests(text), theirMessages(text, true)]));

  it("read the same answers", (test) =>
    agree(test, answerParts, (text) => [ourAnswers(text), theirMessages(text, false)]));
});

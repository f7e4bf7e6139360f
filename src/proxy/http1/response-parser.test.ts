import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MessageError } from "./message-error.js";
import { type ResponseHandler, ResponseParser } from "./response-parser.js";

const limits = { startLineBytes: 200, headBytes: 600, fields: 5, bodyBytes: Number.MAX_SAFE_INTEGER };

/** The answer to one request, from a stream that comes in these pieces and then ends. */
class Reading implements ResponseHandler {
  readonly log: string[] = [];
  readonly parser = new ResponseParser(limits, this);
  /** Bytes behind the answer. */
  rest = "";
  whole = false;

  constructor(pieces: readonly string[], method = "GET") {
    this.parser.expect(method);
    try {
      for (const piece of pieces) {
        const bytes = Buffer.from(piece, "latin1");
        const read = this.parser.feed(bytes, 0, bytes.length);
        this.rest += bytes.toString("latin1", read);
        bytes.fill("#");
      }
      this.whole = this.parser.end();
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.log.push(error.problem);
    }
  }

  onInterim(status: number, headers: readonly string[]): void {
    this.log.push(`interim ${status} ${headers.join("=")}`);
  }

  onResponseHead(status: number, headers: readonly string[]): void {
    this.log.push(`head ${status} ${headers.join("=")}`, "");
  }

  onResponseBody(chunk: Buffer): void {
    this.log.push((this.log.pop() ?? "") + chunk.toString("latin1"));
  }

  onResponseEnd(trailers: readonly string[]): void {
    this.log.push(`end ${trailers.join("=")}`);
  }

  get outcome(): unknown {
    return [this.log, this.rest, this.whole];
  }
}

const read = (text: string, method?: string): Reading => new Reading([text], method);

describe("an answer", () => {
  it("has a body by length, by chunks, or until the connection ends", () => {
    assert.deepEqual(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore").outcome, [
      ["head 200 Content-Length=2", "ok", "end "],
      "more",
      true,
    ]);
    assert.deepEqual(read("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n").log, [
      "head 200 Transfer-Encoding=chunked",
      "ok",
      "end X-Sum=1",
    ]);
    const untilClose = read("HTTP/1.0 200 OK\r\n\r\nall");
    assert.deepEqual(untilClose.log, ["head 200 ", "all", "end "]);
    assert.equal(untilClose.parser.reusable, false);
  });

  it("has no body to HEAD, and with 204 and 304, whatever it says of its length", () => {
    const text = (status: number) => `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\n`;
    for (const [status, method] of [
      [200, "HEAD"],
      [204, "GET"],
      [304, "GET"],
    ] as const) {
      assert.deepEqual(read(text(status), method).log, [`head ${status} Content-Length=5`, "", "end "]);
    }
  });

  it("comes after interim ones, of which there may not be any number", () => {
    const hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    assert.deepEqual(read(`${hint}HTTP/1.1 204 No Content\r\n\r\n`).log, [
      "interim 103 Link=x",
      "head 204 ",
      "",
      "end ",
    ]);
    assert.equal(read(hint.repeat(17)).log.at(-1), "malformed");
  });

  it("leaves the connection for another when both sides may go on", () => {
    assert.equal(read("HTTP/1.1 204 X\r\n\r\n").parser.reusable, true);
    assert.equal(read("HTTP/1.1 204 X\r\nConnection: close\r\n\r\n").parser.reusable, false);
    assert.equal(read("HTTP/1.0 204 X\r\n\r\n").parser.reusable, false);
  });

  const refused: [what: string, text: string][] = [
    ["two digits for a status", "HTTP/1.1 20 OK\r\n\r\n"],
    ["four digits for a status", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a status below 100", "HTTP/1.1 099 OK\r\n\r\n"],
    ["another protocol", "ICY 200 OK\r\n\r\n"],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n"],
    ["a switch of protocols", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"],
    ["an empty line before it", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
    ["a bare carriage return", "HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n"],
    ["two framings", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    ["a tab behind the coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"],
    ["an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
    ["chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ];
  for (const [what, text] of refused) {
    it(`with ${what} is refused`, () => {
      assert.deepEqual(read(text).log, ["malformed"]);
      assert.deepEqual(new Reading([...text]).log, ["malformed"], "byte by byte");
    });
  }

  it("that breaks off is not taken for whole", () => {
    for (const text of [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "HTTP/1.1 2",
    ]) {
      assert.equal(read(text).whole, false);
    }
  });

  const fragments = fc.constantFrom(
    ...[
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.0 200 OK\r\n",
      "HTTP/1.1 103 X\r\n",
      "HTTP/1.1 304 X\r\n",
      "Content-Length: 3\r\n",
      "\r\n",
    ],
    ...["Transfer-Encoding: chunked\r\n", "abc", "3\r\nabc\r\n", "0\r\n\r\n", "X: 1\r\n", "\r", "\n", ":", " "],
  );

  it("is the same in whatever pieces it comes", () => {
    const streams = fc.array(fragments, { maxLength: 16 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(streams, fc.nat(), fc.constantFrom("GET", "HEAD"), (text, place, method) => {
        const whole = read(text, method).outcome;
        const at = place % (text.length + 1);
        assert.deepEqual(new Reading([text.slice(0, at), text.slice(at)], method).outcome, whole);
        assert.deepEqual(new Reading([...text], method).outcome, whole, "byte by byte");
      }),
      { numRuns: 2_000 },
    );
  });
});

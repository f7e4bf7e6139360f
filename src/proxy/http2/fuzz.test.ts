// The frame reader and the HPACK decoder with streams that nobody would send: whatever comes, they end with their own
// error or go on, and how the network cuts a stream changes nothing. `TUSK_FUZZ_SECONDS=3600` makes it last.
import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { FrameReader, type FrameSink } from "./frame-reader.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { Http2Error } from "./http2-error.js";

const seconds = Number(process.env["TUSK_FUZZ_SECONDS"] ?? 0);
const runs =
  seconds > 0 ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1_000 } : { numRuns: 500 };

/** What was read, a line for each event; pieces of data are joined. */
class Recorder implements FrameSink {
  readonly events: string[] = [];
  #data = "";

  onHeaders(stream: number, bytes: Buffer, from: number, to: number, endStream: boolean): void {
    this.events.push(`headers ${stream} ${bytes.toString("hex", from, to)} ${endStream}`);
  }
  onDataFrame(stream: number, length: number): void {
    this.#data = "";
    this.events.push(`data ${stream} ${length}`);
  }
  onData(_stream: number, chunk: Buffer): void {
    this.#data += chunk.toString("hex");
  }
  onDataEnd(stream: number, padding: number, endStream: boolean): void {
    this.events.push(`end ${stream} ${this.#data} ${padding} ${endStream}`);
  }
  onReset(stream: number, code: number): void {
    this.events.push(`reset ${stream} ${code}`);
  }
  onSettings(bytes: Buffer, from: number, to: number): void {
    this.events.push(`settings ${bytes.toString("hex", from, to)}`);
  }
  onSettingsAck(): void {
    this.events.push("settings ack");
  }
  onPing(bytes: Buffer, from: number, isAck: boolean): void {
    this.events.push(`ping ${bytes.toString("hex", from, from + 8)} ${isAck}`);
  }
  onGoaway(lastStream: number, code: number): void {
    this.events.push(`goaway ${lastStream} ${code}`);
  }
  onWindowUpdate(stream: number, increment: number): void {
    this.events.push(`window ${stream} ${increment}`);
  }
  onStreamError(stream: number, code: number): void {
    this.events.push(`error ${stream} ${code}`);
  }
  onIdleFrame(): void {
    this.events.push("idle");
  }
}

/** The code of the error, or none. */
function codeOf(run: () => void): number {
  try {
    run();
    return 0;
  } catch (error) {
    if (!(error instanceof Http2Error)) throw error;
    return error.code;
  }
}

function read(pieces: readonly Buffer[]): { code: number; events: readonly string[] } {
  const sink = new Recorder();
  const reader = new FrameReader(sink, { blockBytes: 1_000, continuations: 4 });
  const code = codeOf(() => {
    for (const piece of pieces) reader.feed(piece, 0, piece.length);
  });
  return { code, events: sink.events };
}

function frame(type: number, flags: number, stream: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

const settings = frame(4, 0, 0, Buffer.alloc(0));
const body = fc.oneof(
  fc.constantFrom(0, 4, 5, 6, 8).map((length) => new Uint8Array(length)),
  fc.uint8Array({ maxLength: 40 }),
);
const frames = fc
  .array(
    fc
      .tuple(
        fc.nat(11),
        fc.constantFrom(0, 1, 4, 5, 8, 9, 12, 13, 36, 44),
        fc.constantFrom(0, 1, 1, 3, 0x8000_0001),
        body,
      )
      .map(([type, flags, stream, bytes]) => frame(type, flags, stream, bytes)),
    { maxLength: 12 },
  )
  .map((list) => Buffer.concat([settings, ...list]));
const mutated = fc
  .tuple(frames, fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 3 }))
  .map(([bytes, changes]) => {
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes;
  });

it("a stream of frames reads the same however it is cut", () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(mutated, cuts, (bytes, sizes) => {
      const pieces: Buffer[] = [];
      for (let at = 0, index = 0; at < bytes.length; index++) {
        const size = sizes[index % sizes.length] as number;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(read(pieces), read([bytes]));
    }),
    runs,
  );
});

it("header blocks of any bytes end with the decoder's own error or are read", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }), (blocks) => {
      const decoder = new HpackDecoder();
      codeOf(() => {
        for (const block of blocks) decoder.decode(Buffer.from(block), 0, block.length, { onField: () => undefined });
      });
    }),
    runs,
  );
});

const refused: { what: string; bytes: Buffer; code: number }[] = [
  { what: "a ping of 7 bytes", bytes: frame(6, 0, 0, Buffer.alloc(7)), code: 6 },
  { what: "a ping on a stream", bytes: frame(6, 0, 1, Buffer.alloc(8)), code: 1 },
  { what: "a reset of 5 bytes", bytes: frame(3, 0, 1, Buffer.alloc(5)), code: 6 },
  { what: "a reset of the connection", bytes: frame(3, 0, 0, Buffer.alloc(4)), code: 1 },
  { what: "settings of 5 bytes", bytes: frame(4, 0, 0, Buffer.alloc(5)), code: 6 },
  { what: "an acknowledgement with settings", bytes: frame(4, 1, 0, Buffer.alloc(6)), code: 6 },
  { what: "settings of a stream", bytes: frame(4, 0, 1, Buffer.alloc(6)), code: 1 },
  { what: "a window update of 3 bytes", bytes: frame(8, 0, 0, Buffer.alloc(3)), code: 6 },
  { what: "a goaway of 7 bytes", bytes: frame(7, 0, 0, Buffer.alloc(7)), code: 6 },
  { what: "data of the connection", bytes: frame(0, 0, 0, Buffer.alloc(1)), code: 1 },
  { what: "data with more padding than bytes", bytes: frame(0, 8, 1, Buffer.from([2, 0])), code: 1 },
  { what: "padded data of no bytes", bytes: frame(0, 8, 1, Buffer.alloc(0)), code: 6 },
  { what: "headers with more padding than bytes", bytes: frame(1, 12, 1, Buffer.from([2, 0])), code: 1 },
  { what: "headers too short for a priority", bytes: frame(1, 36, 1, Buffer.alloc(4)), code: 6 },
  { what: "a promise", bytes: frame(5, 4, 1, Buffer.alloc(4)), code: 1 },
  { what: "a continuation of nothing", bytes: frame(9, 4, 1, Buffer.alloc(1)), code: 1 },
  { what: "a frame of 16,385 bytes", bytes: frame(0, 0, 1, Buffer.alloc(16_385)), code: 6 },
];

it("frames against their form are refused with the code of RFC 9113", () => {
  for (const { what, bytes, code } of refused) assert.equal(read([settings, bytes]).code, code, what);
});

it("the reserved bit of a stream's number is no part of it", () => {
  assert.deepEqual(read([settings, frame(3, 0, 0x8000_0003, Buffer.alloc(4))]).events, ["settings ", "reset 3 0"]);
});

// Header blocks: an example of RFC 7541 (C.4.1), and both directions against one another.
import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { HpackDecoder } from "./hpack-decoder.js";
import { fieldBound, HpackEncoder } from "./hpack-encoder.js";

function decode(decoder: HpackDecoder, bytes: Buffer): string[] {
  const fields: string[] = [];
  decoder.decode(bytes, 0, bytes.length, { onField: (name, value) => void fields.push(name, value) });
  return fields;
}

it("the first request of RFC 7541, C.4 is read", () => {
  const block = Buffer.from("828684418cf1e3c2e5f23a6ba0ab90f4ff", "hex");
  const fields = [":method", "GET", ":scheme", "http", ":path", "/", ":authority", "www.example.com"];
  assert.deepEqual(decode(new HpackDecoder(), block), fields);
});

it("whatever is written is read the same, block after block", () => {
  const name = fc.constantFrom(":path", "content-type", "x-other", "cookie", "date", ":status", "grpc-status");
  const value = fc.string({ unit: fc.constantFrom("a", "0", " ", "~", "\u00ff", "z"), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(name, value), { maxLength: 8 }), { maxLength: 20 }), (blocks) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      for (const block of blocks) {
        const out = Buffer.alloc(16 + block.reduce((sum, [one, two]) => sum + fieldBound(one, two), 0));
        encoder.begin(out, 0);
        for (const [one, two] of block) encoder.field(one, two);
        assert.deepEqual(decode(decoder, out.subarray(0, encoder.end())), block.flat());
      }
    }),
  );
});

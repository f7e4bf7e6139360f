// Writes header blocks (RFC 7541). A value goes into the peer's table when it is seen for the second time in a short
// while: then it costs a byte or two from there on, and what is different each time pushes nothing out.
import { type FieldName, fieldName, rememberedNames } from "./field-names.js";
import { entryOverhead } from "./hpack-decoder.js";
import { huffmanEncode, huffmanLength } from "./huffman.js";
import { staticSize } from "./static-table.js";

const slots = 256;
/** Of one name: how many of its values are recognised. */
const perName = 8;
/** Values that were sent last. */
const recent = 4;
const longest = 512;

interface Memory {
  /** In the table. */
  readonly values: string[];
  /** Of the same place: which insertion it was. */
  readonly insertions: number[];
  readonly recent: string[];
  next: number;
}

const patterns = { indexed: 0x80, inserted: 0x40, neverIndexed: 0x10 } as const;

export class HpackEncoder {
  readonly #memory: (Memory | null)[] = new Array<Memory | null>(rememberedNames).fill(null);
  readonly #sizes = new Uint16Array(slots);
  #capacity = 4_096;
  /** The lowest that was set since the last block; -1: nothing to say. */
  #resizedTo = -1;
  #size = 0;
  #inserted = 0;
  #count = 0;
  #out: Buffer = Buffer.alloc(0);
  #at = 0;

  /** What the peer allows; more than 4096 bytes are not used. */
  setCapacity(allowed: number): void {
    const capacity = Math.min(allowed, 4_096);
    if (capacity === this.#capacity) return;
    this.#resizedTo = this.#resizedTo === -1 ? capacity : Math.min(this.#resizedTo, capacity);
    this.#capacity = capacity;
    this.#evict(0);
  }

  /** Fields follow until `end`. `out` has room for what `boundOf` says. */
  begin(out: Buffer, at: number): void {
    this.#out = out;
    this.#at = at;
    if (this.#resizedTo === -1) return;
    this.#integer(0x20, 5, this.#resizedTo);
    if (this.#resizedTo !== this.#capacity) this.#integer(0x20, 5, this.#capacity);
    this.#resizedTo = -1;
  }

  /** Returns where the block ends. */
  end(): number {
    return this.#at;
  }

  /** `name` in any spelling; `value` Latin-1. */
  field(name: string, value: string): void {
    const known = fieldName(name);
    for (const row of known.values) {
      if (row.value !== value) continue;
      this.#out[this.#at++] = patterns.indexed | row.index;
      return;
    }
    if (known.memory === -1 || value.length > longest) this.#literal(known, value);
    else this.#remembered(known, value);
  }

  #remembered(known: FieldName, value: string): void {
    const memory = this.#memory[known.memory] ?? { values: [], insertions: [], recent: [], next: 0 };
    this.#memory[known.memory] = memory;
    const place = memory.values.indexOf(value);
    const age = place === -1 ? this.#count : this.#inserted - (memory.insertions[place] as number);
    if (age < this.#count) {
      this.#integer(patterns.indexed, 7, staticSize + 1 + age);
      return;
    }
    if (!memory.recent.includes(value)) {
      memory.recent[memory.next++ % recent] = value;
      this.#literal(known, value);
      return;
    }
    const size = known.text.length + value.length + entryOverhead;
    if (size > this.#capacity) this.#literal(known, value);
    else this.#insert(known, value, size, memory, place);
  }

  #insert(known: FieldName, value: string, size: number, memory: Memory, place: number): void {
    this.#evict(size);
    this.#size += size;
    this.#inserted++;
    this.#count++;
    this.#sizes[this.#inserted & (slots - 1)] = size;
    const at = place === -1 ? this.#placeIn(memory) : place;
    memory.values[at] = value;
    memory.insertions[at] = this.#inserted;
    this.#integer(patterns.inserted, 6, known.index);
    if (known.index === 0) this.#coded(known.text);
    this.#coded(value);
  }

  /** A free one, or that of the oldest insertion. */
  #placeIn({ values, insertions }: Memory): number {
    if (values.length < perName) return values.length;
    return insertions.indexOf(Math.min(...insertions));
  }

  #evict(room: number): void {
    while (this.#count > 0 && this.#size + room > this.#capacity) {
      this.#size -= this.#sizes[(this.#inserted - this.#count + 1) & (slots - 1)] as number;
      this.#count--;
    }
  }

  #literal({ index, text }: FieldName, value: string): void {
    this.#integer(patterns.neverIndexed, 4, index);
    if (index === 0) this.#plain(text);
    this.#plain(value);
  }

  #integer(pattern: number, prefix: number, value: number): void {
    const mask = (1 << prefix) - 1;
    if (value < mask) {
      this.#out[this.#at++] = pattern | value;
      return;
    }
    this.#out[this.#at++] = pattern | mask;
    let rest = value - mask;
    for (; rest >= 128; rest >>>= 7) this.#out[this.#at++] = (rest & 127) | 128;
    this.#out[this.#at++] = rest;
  }

  #plain(text: string): void {
    this.#integer(0, 7, text.length);
    this.#at = writeLatin1(this.#out, text, this.#at);
  }

  /** The shorter of both: it is written once and remembered. */
  #coded(text: string): void {
    const length = huffmanLength(text);
    if (length >= text.length) {
      this.#plain(text);
      return;
    }
    this.#integer(0x80, 7, length);
    this.#at = huffmanEncode(text, this.#out, this.#at);
  }
}

/** Short text by hand is faster than a call into Node. */
function writeLatin1(out: Buffer, text: string, from: number): number {
  const { length } = text;
  if (length > 24) return from + out.write(text, from, length, "latin1");
  for (let index = 0; index < length; index++) out[from + index] = text.charCodeAt(index);
  return from + length;
}

/** Of a block with one field: no more bytes than this; a block adds 16. */
export const fieldBound = (name: string, value: string): number => name.length + value.length + 16;

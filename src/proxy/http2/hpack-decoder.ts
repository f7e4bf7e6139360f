// Reads header blocks (RFC 7541). What is compressed well is cheap here: an indexed field is two table reads, and what
// it is was found out when it came into the table.
import { latin1 } from "../http1/bytes.js";
import { nameOf } from "../http1/name-cache.js";
import { type FieldKind, fieldKind, isFieldValue } from "./field-kinds.js";
import { errorCode, Http2Error } from "./http2-error.js";
import { huffmanDecode } from "./huffman.js";
import { staticNames, staticSize, staticValues } from "./static-table.js";

export interface FieldReader {
  /** `kind` is `invalid` also where the value is. Names and values are Latin-1. */
  onField(name: string, value: string, kind: FieldKind): void;
}

/** Of each entry beside its bytes (section 4.1). */
export const entryOverhead = 32;
const slots = 256;
const staticKinds: readonly FieldKind[] = staticNames.map((name) => fieldKind(name));
let scratch = Buffer.allocUnsafeSlow(32 * 1024);

export class HpackDecoder {
  /** What we said in SETTINGS. */
  readonly #limit: number;
  #capacity: number;
  #size = 0;
  // A ring; index 0 of the table is the newest.
  readonly #names: string[] = new Array<string>(slots).fill("");
  readonly #values: string[] = new Array<string>(slots).fill("");
  readonly #kinds: FieldKind[] = new Array<FieldKind>(slots).fill("other");
  #newest = 0;
  #count = 0;
  #at = 0;
  /** Of the string that was read last. */
  #valid = true;

  /** `limit`: bytes of the dynamic table; at most 8192. */
  constructor(limit = 4_096) {
    this.#limit = Math.min(limit, slots * entryOverhead);
    this.#capacity = this.#limit;
  }

  /** One whole block. Throws Http2Error: the table is not what the peer thinks it is any more. */
  decode(bytes: Buffer, from: number, to: number, reader: FieldReader): void {
    this.#at = from;
    let mayResize = true;
    while (this.#at < to) {
      const first = bytes[this.#at] as number;
      if (first >= 0x80) this.#indexed(bytes, to, reader);
      else if (first >= 0x40) this.#literal(bytes, to, 6, reader);
      else if (first >= 0x20) {
        if (!mayResize) throw broken("a change of the table's size stands behind a field");
        this.#resize(this.#integer(bytes, to, 5));
        continue;
      } else this.#literal(bytes, to, 4, reader);
      mayResize = false;
    }
  }

  #indexed(bytes: Buffer, to: number, reader: FieldReader): void {
    const index = this.#integer(bytes, to, 7);
    if (index === 0) throw broken("there is no field 0");
    if (index <= staticSize) {
      reader.onField(staticNames[index] as string, staticValues[index] as string, staticKinds[index] as FieldKind);
      return;
    }
    const slot = this.#slotOf(index);
    reader.onField(this.#names[slot] as string, this.#values[slot] as string, this.#kinds[slot] as FieldKind);
  }

  #literal(bytes: Buffer, to: number, prefix: 4 | 6, reader: FieldReader): void {
    const index = this.#integer(bytes, to, prefix);
    const name = index === 0 ? this.#string(bytes, to, true) : this.#nameAt(index);
    const value = this.#string(bytes, to, false);
    const kind = this.#valid ? fieldKind(name) : "invalid";
    if (prefix === 6) this.#insert(name, value, kind);
    reader.onField(name, value, kind);
  }

  #nameAt(index: number): string {
    return index <= staticSize ? (staticNames[index] as string) : (this.#names[this.#slotOf(index)] as string);
  }

  #slotOf(index: number): number {
    const age = index - staticSize - 1;
    if (age >= this.#count) throw broken(`there is no field ${index}`);
    return (this.#newest - age) & (slots - 1);
  }

  /** Section 5.1, with a prefix of so many bits. */
  #integer(bytes: Buffer, to: number, prefix: number): number {
    const mask = (1 << prefix) - 1;
    const first = (bytes[this.#at++] as number) & mask;
    return first < mask ? first : this.#longInteger(bytes, to, mask);
  }

  #longInteger(bytes: Buffer, to: number, start: number): number {
    let value = start;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= to) throw broken("the block ends in a number");
      const byte = bytes[this.#at++] as number;
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw broken("a number is too large");
  }

  #string(bytes: Buffer, to: number, isName: boolean): string {
    if (this.#at >= to) throw broken("the block ends before a string");
    const isCoded = (bytes[this.#at] as number) >= 128;
    const length = this.#integer(bytes, to, 7);
    const from = this.#at;
    if (from + length > to) throw broken("a string goes beyond the block");
    this.#at = from + length;
    if (!isCoded) return this.#text(bytes, from, from + length, isName);
    if (scratch.length < length * 2) scratch = Buffer.allocUnsafeSlow(length * 2);
    const decoded = huffmanDecode(bytes, from, from + length, scratch);
    if (decoded < 0) throw broken("a string is not in the Huffman code");
    return this.#text(scratch, 0, decoded, isName);
  }

  #text(bytes: Buffer, from: number, to: number, isName: boolean): string {
    if (!isName) {
      this.#valid = isFieldValue(bytes, from, to);
      return latin1(bytes, from, to);
    }
    let hash = to - from;
    for (let at = from; at < to; at++) hash = (hash * 31 + (bytes[at] as number)) | 0;
    return nameOf(bytes, from, to, hash);
  }

  #resize(capacity: number): void {
    if (capacity > this.#limit) throw broken("the table would be larger than what was said");
    this.#capacity = capacity;
    this.#evict(0);
  }

  #insert(name: string, value: string, kind: FieldKind): void {
    const size = name.length + value.length + entryOverhead;
    this.#evict(size);
    // Larger than the whole table: it is empty now, and stays so.
    if (size > this.#capacity) return;
    this.#newest = (this.#newest + 1) & (slots - 1);
    this.#names[this.#newest] = name;
    this.#values[this.#newest] = value;
    this.#kinds[this.#newest] = kind;
    this.#count++;
    this.#size += size;
  }

  #evict(room: number): void {
    while (this.#count > 0 && this.#size + room > this.#capacity) {
      const oldest = (this.#newest - this.#count + 1) & (slots - 1);
      this.#size -= (this.#names[oldest] as string).length + (this.#values[oldest] as string).length + entryOverhead;
      this.#names[oldest] = "";
      this.#values[oldest] = "";
      this.#count--;
    }
  }
}

const broken = (message: string): Http2Error => new Http2Error(errorCode.compression, message);

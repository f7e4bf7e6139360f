// The Huffman code of HPACK (RFC 7541, appendix B). The code is canonical, so that the lengths say all of it. Read four
// bits at a time by a table of states, written from a table of codes.

/** Of each of the 256 bytes and of the end mark: its length in bits, as a digit of base 36. */
const lengthDigits =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f565" +
  "65666577666567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmp" +
  "qqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu";

const endMark = 256;
const lengths = Uint8Array.from(lengthDigits, (digit) => Number.parseInt(digit, 36));
const codes = canonicalCodes();

function canonicalCodes(): Uint32Array {
  const order = Array.from(lengths.keys()).sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  const result = new Uint32Array(lengths.length);
  let code = 0;
  let length = lengths[order[0] as number] as number;
  for (const symbol of order) {
    const own = lengths[symbol] as number;
    code <<= own - length;
    length = own;
    result[symbol] = code++;
  }
  return result;
}

// A step is a number: bits 0 to 8 the next state, then a flag for each of the following, then the symbol.
const emits = 1 << 9;
const fails = 1 << 10;
/** Up to seven bits of the end mark, which are ones, may fill up the last byte. */
const mayEnd = 1 << 11;
const symbolShift = 12;
const steps = buildSteps();

function buildSteps(): Uint32Array {
  const tree = buildTree();
  const table = new Uint32Array(tree.length * 16);
  const padding = paddingNodes(tree);
  for (let node = 0; node < tree.length; node++) {
    for (let nibble = 0; nibble < 16; nibble++) table[node * 16 + nibble] = stepOf(tree, padding, node, nibble);
  }
  return table;
}

/** Each node: where a 0 and a 1 lead; a leaf is -1 minus its symbol. */
type Tree = [number, number][];

function buildTree(): Tree {
  const tree: Tree = [[0, 0]];
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol] as number;
    let node = 0;
    for (let bit = length - 1; bit >= 0; bit--) {
      const side = (((codes[symbol] as number) >>> bit) & 1) as 0 | 1;
      const branch = tree[node] as [number, number];
      if (bit === 0) branch[side] = -1 - symbol;
      else if (branch[side] === 0) branch[side] = tree.push([0, 0]) - 1;
      node = branch[side];
    }
  }
  return tree;
}

/** Reached from the root by at most seven ones. */
function paddingNodes(tree: Tree): ReadonlySet<number> {
  const nodes = new Set([0]);
  let node = 0;
  for (let count = 0; count < 7; count++) {
    node = (tree[node] as [number, number])[1];
    nodes.add(node);
  }
  return nodes;
}

function stepOf(tree: Tree, padding: ReadonlySet<number>, from: number, nibble: number): number {
  let node = from;
  let flags = 0;
  for (let bit = 3; bit >= 0; bit--) {
    node = (tree[node] as [number, number])[(nibble >>> bit) & 1] as number;
    if (node >= 0) continue;
    const symbol = -1 - node;
    if (symbol === endMark) return fails;
    flags |= emits | (symbol << symbolShift);
    node = 0;
  }
  return node | flags | (padding.has(node) ? mayEnd : 0);
}

/** Writes to `out` from 0 on, which has room for 8/5 of the bytes. Returns the length; -1: not this code. */
export function huffmanDecode(bytes: Uint8Array, from: number, to: number, out: Uint8Array): number {
  let step = mayEnd;
  let length = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    step = steps[((step & 511) << 4) | (byte >>> 4)] as number;
    if ((step & emits) !== 0) out[length++] = step >>> symbolShift;
    if ((step & fails) !== 0) return -1;
    step = steps[((step & 511) << 4) | (byte & 15)] as number;
    if ((step & emits) !== 0) out[length++] = step >>> symbolShift;
    if ((step & fails) !== 0) return -1;
  }
  return (step & mayEnd) !== 0 ? length : -1;
}

/** In bytes. `text`: Latin-1. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let index = 0; index < text.length; index++) bits += lengths[text.charCodeAt(index) & 255] as number;
  return (bits + 7) >>> 3;
}

/** Returns where it ends. */
export function huffmanEncode(text: string, out: Uint8Array, from: number): number {
  let at = from;
  let held = 0;
  let bits = 0;
  for (let index = 0; index < text.length; index++) {
    const byte = text.charCodeAt(index) & 255;
    const code = codes[byte] as number;
    let left = lengths[byte] as number;
    // At most eight bits at a time: what is held never grows beyond 15.
    while (left > 0) {
      const take = Math.min(left, 8);
      left -= take;
      held = (held << take) | ((code >>> left) & ((1 << take) - 1));
      bits += take;
      if (bits < 8) continue;
      bits -= 8;
      out[at++] = held >>> bits;
      held &= (1 << bits) - 1;
    }
  }
  if (bits > 0) out[at++] = (held << (8 - bits)) | ((1 << (8 - bits)) - 1);
  return at;
}

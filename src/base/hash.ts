// A stable hash of plain JSON: the same value gives the same text on every machine and Node release, whatever the
// order of its keys. Tells "changed" from "unchanged"; it is no protection against somebody who wants a collision.

/** JSON with keys in code-unit order at every depth; members that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** 16 lower-case hex digits: FNV-1a, 64 bits, over the canonical JSON in UTF-8. */
export function contentHash(value: unknown): string {
  return fnv1a64(new TextEncoder().encode(canonicalJson(value)));
}

/**
 * FNV-1a with the 64-bit parameters of draft-eastlake-fnv, in four 16-bit limbs because numbers hold 53 bits
 * and BigInt is fifty times slower. The prime is 2^40 + 0x1b3: a multiplication and a shift by two limbs and a byte.
 */
export function fnv1a64(bytes: Uint8Array): string {
  let [a, b, c, d] = [0x2325, 0x8422, 0x9ce4, 0xcbf2];
  for (const byte of bytes) {
    a ^= byte;
    const low = a * 0x1b3;
    const second = b * 0x1b3 + (low >>> 16);
    const third = c * 0x1b3 + (a << 8) + (second >>> 16);
    d = (d * 0x1b3 + (b << 8) + (third >>> 16)) & 0xffff;
    a = low & 0xffff;
    b = second & 0xffff;
    c = third & 0xffff;
  }
  return [d, c, b, a].map((limb) => limb.toString(16).padStart(4, "0")).join("");
}

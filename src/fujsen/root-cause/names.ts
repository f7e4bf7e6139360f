// Names in an order that is the same on every machine.

/** By code units, unlike localeCompare. */
export const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

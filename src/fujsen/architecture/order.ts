// One order of names on every machine.

/** By code units, which is the same on every machine. */
export function by<Item>(keyOf: (item: Item) => string): (left: Item, right: Item) => number {
  return (left, right) => {
    const [a, b] = [keyOf(left), keyOf(right)];
    return a < b ? -1 : a > b ? 1 : 0;
  };
}

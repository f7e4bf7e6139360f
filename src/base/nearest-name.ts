// The known name that a person most likely meant, for hints. Used wherever an unknown name is refused.

/** The candidate nearest to `name`, or null when none is near enough to be a slip of the keyboard. */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  const limit = Math.max(1, Math.floor(Math.min(name.length, 24) / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** `did you mean ...?`, else the list of what there is, shortened when it is long. */
export function nameHint(name: string, candidates: Iterable<string>): string {
  const known = [...new Set(candidates)];
  const nearest = nearestName(name, known);
  if (nearest !== null) return `did you mean \`${nearest}\`?`;
  if (known.length === 0) return "there is none to choose from";
  const shown = known.slice(0, 12).join(", ");
  return known.length > 12 ? `known: ${shown}, and ${known.length - 12} more` : `known: ${shown}`;
}

/**
 * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
 * Gives up with `limit` as soon as the distance cannot be below it.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = distanceRow({ a, b, i, last, beforeLast });
    if (Math.min(...row) >= limit) return limit;
    beforeLast = last;
    last = row;
  }
  return Math.min(last[b.length] ?? 0, limit);
}

interface RowInput {
  readonly a: string;
  readonly b: string;
  readonly i: number;
  readonly last: readonly number[];
  readonly beforeLast: readonly number[];
}

function distanceRow({ a, b, i, last, beforeLast }: RowInput): number[] {
  const at = (row: readonly number[], index: number): number => row[index] ?? 0;
  const row = [i];
  for (let j = 1; j <= b.length; j++) {
    const substitution = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
    let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, substitution);
    const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
    row.push(cost);
  }
  return row;
}

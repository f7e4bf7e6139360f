// Which of the usable endpoints a request is for: those of a subset, or those of a zone while enough of it is well. Pure.

/** What is known of an endpoint besides its address. */
export interface Labelled {
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface Subset {
  /** All of them. */
  readonly tags: readonly string[];
  /** All of them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where no usable endpoint is in the subset: any other one, or none. */
  readonly fallback: "any" | "none";
}

export interface ZonePreference {
  readonly zone: string;
  /** Share of the zone's endpoints that must be usable, 0 to 1. */
  readonly minimumHealthy: number;
}

export function isInSubset({ tags = [], metadata = {} }: Labelled, subset: Subset): boolean {
  return (
    subset.tags.every((tag) => tags.includes(tag)) &&
    Object.entries(subset.metadata).every(([key, value]) => Object.hasOwn(metadata, key) && metadata[key] === value)
  );
}

export function inSubset<E>(usable: readonly E[], subset: Subset, labelsOf: (endpoint: E) => Labelled): readonly E[] {
  const inside = usable.filter((endpoint) => isInSubset(labelsOf(endpoint), subset));
  return inside.length > 0 || subset.fallback === "none" ? inside : usable;
}

/** An endpoint that names no zone is an instance of this machine, and counts as being in it. */
export const zoneOf = ({ metadata }: Labelled, own: string): string =>
  metadata !== undefined && Object.hasOwn(metadata, "zone") ? (metadata.zone ?? own) : own;

/** `all`: those that are ready, whether they are usable or not. */
export function inZone<E>(
  { all, usable }: { readonly all: readonly E[]; readonly usable: readonly E[] },
  { zone, minimumHealthy }: ZonePreference,
  labelsOf: (endpoint: E) => Labelled,
): readonly E[] {
  const isNear = (endpoint: E): boolean => zoneOf(labelsOf(endpoint), zone) === zone;
  const near = usable.filter(isNear);
  const total = all.filter(isNear).length;
  return near.length > 0 && near.length >= total * minimumHealthy ? near : usable;
}

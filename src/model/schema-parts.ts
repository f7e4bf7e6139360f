// The small parts that the schema of the file form is made of. They check and never change a value, so that what is
// checked is what is read, and one schema serves validation, types and editors.
// A message may have a second line: it is the hint.
import { z } from "zod";
import { durationPattern, maxDurationMs, parseDuration } from "./duration.js";
import { isRecord } from "./spec-path.js";

/** Made at the first call and shared after it: a schema of this size spends its time on making its parts. */
export function once<Part>(make: () => Part): () => Part {
  let made: Part | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Text without NUL, which no operating system takes in an argument, a path or a variable. */
export const text = once(() => z.string().regex(/^[^\0]+$/, "must not be empty or hold a NUL character"));

/** Lower-case DNS label (RFC 1123): URLs, variables and cluster names are derived from it. */
export const label = once(() =>
  z
    .string()
    .max(63, "must be at most 63 characters long")
    .regex(
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
      "must be a DNS label\nuse lower-case letters, digits and hyphens; begin and end with a letter or digit",
    ),
);

export const list = <Item extends z.ZodType>(item: Item, max = 64) =>
  z.array(item).max(max, `must have at most ${max} entries`);

export const port = once(() =>
  z.int("expected a port, a whole number").min(0, "must be 0 to 65535").max(65535, "must be 0 to 65535"),
);

export const wholeNumber = (min: number, max: number) =>
  z.int("expected a whole number").min(min, `must be ${min} to ${max}`).max(max, `must be ${min} to ${max}`);

/** Milliseconds as a number, or text such as `500ms`, `10s`, `1h30m`. */
export function duration(minMs = 0) {
  const isLongEnough = (value: string | number): boolean => (parseDuration(value) ?? minMs) >= minMs;
  const isShortEnough = (value: string | number): boolean => (parseDuration(value) ?? 0) <= maxDurationMs;
  return plainDuration()
    .refine(isLongEnough, `must be at least ${minMs} ms`)
    .refine(isShortEnough, "must be at most 24h");
}

const plainDuration = once(() =>
  z.union(
    [
      z.number().min(0, "must not be negative"),
      z
        .string()
        .regex(durationPattern, "is no duration\nwrite `500ms`, `10s`, `5m`, `1h30m`, or a number of milliseconds"),
    ],
    { error: "expected a duration\nwrite `500ms`, `10s`, `5m`, `1h30m`, or a number of milliseconds" },
  ),
);

/** Text: a shell command. List: a program and its arguments, run without a shell. */
export const command = once(() =>
  z.union(
    [
      text(),
      z
        .array(z.union([z.string().regex(/^[^\0]*$/), z.number()]))
        .min(1, "must name a program")
        .max(1024),
    ],
    { error: "expected a command\nwrite text for the shell, or a list of a program and its arguments" },
  ),
);

/** At most one of these keys; looked at even where other parts of the object are wrong. */
export function atMostOneOf<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, keys: readonly string[]) {
  const present = (value: unknown): string[] => keys.filter((key) => isRecord(value) && Object.hasOwn(value, key));
  return schema.refine((value) => present(value).length <= 1, {
    error: (issue) => `${present(issue.input).join(" and ")} exclude each other\nkeep one of them`,
    when: (payload) => isRecord(payload.value),
  });
}

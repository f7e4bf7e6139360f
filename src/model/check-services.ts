// Checks of services against one another: what no schema can say.
import { nameHint } from "../base/nearest-name.js";
import { findCycles } from "./cycles.js";
import type { Named, ServiceOutline, SpecOutline } from "./outline.js";
import { problemAt, type SpecProblem } from "./problem-list.js";
import { urlVariable } from "./service-names.js";

export interface CheckOptions {
  /** A service without `run` is a problem. Default true; false where its code is created afterwards. */
  readonly requireRun?: boolean;
  /** Names that are not there yet may be called: services created one by one. Default false. */
  readonly allowUnknownCalls?: boolean;
}

export function checkServices({ services }: SpecOutline, options: CheckOptions = {}): SpecProblem[] {
  const names = new Set(services.map((service) => service.name));
  return [
    ...repeatedNames(services, "service"),
    ...(options.requireRun === false ? [] : services.flatMap(missingRun)),
    ...services.flatMap((service) => [
      ...(options.allowUnknownCalls ? [] : unknownNames(service.calls, names, "service")),
      ...(options.allowUnknownCalls ? [] : unknownNames(service.callTraffic, names, "service")),
      ...unknownNames(service.startAfter, names, "service"),
      ...repeatedReferences(service.calls),
      ...repeatedReferences(service.startAfter),
      ...overriddenUrls(service),
    ]),
    ...startCycles(services),
  ];
}

/** A problem for every name after the first of its kind. */
export function repeatedNames(items: readonly Named[], kind: string): SpecProblem[] {
  const seen = new Set<string>();
  return items.flatMap(({ name, path }) => {
    const isRepeated = seen.has(name);
    seen.add(name);
    return isRepeated ? [problemAt(path, `there is another ${kind} \`${name}\``, "give each a name of its own")] : [];
  });
}

export function unknownNames(references: readonly Named[], known: ReadonlySet<string>, kind: string): SpecProblem[] {
  return references
    .filter(({ name }) => !known.has(name))
    .map(({ name, path }) => problemAt(path, `no ${kind} \`${name}\``, () => nameHint(name, known)));
}

export function repeatedReferences(references: readonly Named[]): SpecProblem[] {
  const seen = new Set<string>();
  return references.flatMap(({ name, path }) => {
    const isRepeated = seen.has(name);
    seen.add(name);
    return isRepeated ? [problemAt(path, `\`${name}\` is named twice`, "remove one")] : [];
  });
}

function missingRun(service: ServiceOutline): SpecProblem[] {
  if (service.hasRun) return [];
  return [
    problemAt(
      service.entry,
      `service \`${service.name}\` has no \`run\``,
      "add the command that starts it, `run: ...`",
    ),
  ];
}

function overriddenUrls(service: ServiceOutline): SpecProblem[] {
  const given = new Map(service.calls.map(({ name }) => [urlVariable(name), name]));
  return service.variables.flatMap(({ name, path }) => {
    const callee = given.get(name);
    if (callee === undefined) return [];
    return [
      problemAt(
        path,
        `${name} is set already, because \`calls\` names ${callee}`,
        "remove it from `env` or from `calls`",
      ),
    ];
  });
}

function startCycles(services: readonly ServiceOutline[]): SpecProblem[] {
  const edges = new Map<string, readonly string[]>();
  for (const { name, startAfter } of services) {
    edges.set(name, [...(edges.get(name) ?? []), ...startAfter.map((reference) => reference.name)]);
  }
  return findCycles(edges).flatMap((cycle) => {
    const next = cycle[1] ?? cycle[0];
    const reference = services
      .filter(({ name }) => name === cycle[0])
      .flatMap(({ startAfter }) => startAfter)
      .find(({ name }) => name === next);
    if (!reference) return [];
    const message =
      cycle.length === 1
        ? `\`${cycle[0]}\` starts after itself`
        : `these wait for one another and none would start: ${[...cycle, cycle[0]].join(" -> ")}`;
    return [problemAt(reference.path, message, "remove one of these from `startAfter`; calls need no order")];
  });
}

// Text of one file -> the Kubernetes objects in it that the gateway reads. All problems of the file at once, each with
// its line. What the gateway does not know is told and left out; what is wrong is refused.
import type { z } from "zod";
import type { Problem } from "../../base/errors.js";
import { problemAt, type SpecProblem, toProblems } from "../problem-list.js";
import { findShapeProblems } from "../shape-problems.js";
import { formatPath, isRecord, type SpecPath, valueAt } from "../spec-path.js";
import { parseYamlDocuments, type YamlSource } from "../yaml-source.js";
import { checkGatewayObject, checkHttpRouteObject } from "./object-rules.js";
import {
  type EndpointSliceObject,
  endpointSliceSchema,
  type GatewayClassObject,
  type GatewayObject,
  gatewayClassSchema,
  gatewaySchema,
  type HttpRouteObject,
  httpRouteSchema,
  type NamespaceObject,
  namespaceSchema,
  type ReferenceGrantObject,
  referenceGrantSchema,
  type SecretObject,
  type ServiceObject,
  secretSchema,
  serviceSchema,
} from "./object-schemas.js";

export interface ObjectOfKind {
  readonly GatewayClass: GatewayClassObject;
  readonly Gateway: GatewayObject;
  readonly HTTPRoute: HttpRouteObject;
  readonly ReferenceGrant: ReferenceGrantObject;
  readonly Namespace: NamespaceObject;
  readonly Service: ServiceObject;
  readonly EndpointSlice: EndpointSliceObject;
  readonly Secret: SecretObject;
}

export type KubernetesKind = keyof ObjectOfKind;
export type KubernetesObject = ObjectOfKind[KubernetesKind];

export interface LoadedObject<Kind extends KubernetesKind = KubernetesKind> {
  readonly object: ObjectOfKind[Kind];
  readonly file: string;
  /** 1-based; of a part inside the object, or of the nearest part around it. */
  readonly lineOf: (path: SpecPath) => number;
}

export interface ParsedObjects {
  readonly objects: readonly LoadedObject[];
  /** The file is refused when there is one. */
  readonly problems: readonly Problem[];
  /** Fields and kinds that are left out. */
  readonly notices: readonly Problem[];
}

const gatewayGroup = "gateway.networking.k8s.io";
/** The group of each kind, and versions whose fields are the ones that we read. */
const kinds: Readonly<
  Record<KubernetesKind, { readonly versions: readonly string[]; readonly schema: () => z.ZodType }>
> = {
  GatewayClass: { versions: [`${gatewayGroup}/v1`, `${gatewayGroup}/v1beta1`], schema: gatewayClassSchema },
  Gateway: { versions: [`${gatewayGroup}/v1`, `${gatewayGroup}/v1beta1`], schema: gatewaySchema },
  HTTPRoute: { versions: [`${gatewayGroup}/v1`, `${gatewayGroup}/v1beta1`], schema: httpRouteSchema },
  ReferenceGrant: { versions: [`${gatewayGroup}/v1`, `${gatewayGroup}/v1beta1`], schema: referenceGrantSchema },
  Namespace: { versions: ["v1"], schema: namespaceSchema },
  Service: { versions: ["v1"], schema: serviceSchema },
  EndpointSlice: { versions: ["discovery.k8s.io/v1"], schema: endpointSliceSchema },
  Secret: { versions: ["v1"], schema: secretSchema },
};

/** Deeper lists of lists are nobody's. */
const maxListDepth = 4;

export function parseObjects(text: string, file: string): ParsedObjects {
  const documents = parseYamlDocuments(text, file);
  if (!documents.ok) return { objects: [], problems: documents.problems, notices: [] };
  const parsed = documents.sources.map((source) => parseDocument(source, file));
  return {
    objects: parsed.flatMap(({ objects }) => objects),
    problems: parsed.flatMap(({ problems }) => problems),
    notices: parsed.flatMap(({ notices }) => notices),
  };
}

function parseDocument(source: YamlSource, file: string): ParsedObjects {
  const reader = new DocumentReader(source, file);
  for (const problem of source.problems) reader.problems.push(problem);
  reader.read([], 0);
  const locate = ({ path, atKey }: SpecProblem) => source.locate(path, atKey ? "key" : "value");
  return {
    objects: reader.objects,
    problems: toProblems(reader.problems, file, locate),
    notices: toProblems(reader.notices, file, locate),
  };
}

class DocumentReader {
  readonly objects: LoadedObject[] = [];
  readonly problems: SpecProblem[] = [];
  readonly notices: SpecProblem[] = [];
  readonly #source: YamlSource;
  readonly #file: string;

  constructor(source: YamlSource, file: string) {
    this.#source = source;
    this.#file = file;
  }

  read(path: SpecPath, depth: number): void {
    const value = valueAt(this.#source.value, path);
    if (!isRecord(value) || typeof value.kind !== "string" || typeof value.apiVersion !== "string") {
      this.problems.push(problemAt(path, "is no Kubernetes object", "it needs `apiVersion`, `kind` and `metadata`"));
    } else if (isList(value.kind)) this.#readList(value, path, depth);
    else if (isKnown(value.kind)) this.#readObject(value.kind, value, path);
    else this.notices.push(problemAt([...path, "kind"], `the kind ${value.kind.slice(0, 80)} is not used`));
  }

  #readList({ items }: Readonly<Record<string, unknown>>, path: SpecPath, depth: number): void {
    if (!Array.isArray(items) || depth >= maxListDepth) {
      this.problems.push(problemAt(path, "is no list of Kubernetes objects"));
      return;
    }
    for (const index of items.keys()) this.read([...path, "items", index], depth + 1);
  }

  #readObject(kind: KubernetesKind, value: Readonly<Record<string, unknown>>, path: SpecPath): void {
    const { versions, schema } = kinds[kind];
    if (!versions.includes(String(value.apiVersion))) {
      const message = `${kind} of ${String(value.apiVersion).slice(0, 80)} is not used`;
      this.notices.push(problemAt([...path, "apiVersion"], message, `known: ${versions.join(", ")}`));
      return;
    }
    const wrong = findShapeProblems(schema(), value);
    const within = (problem: SpecProblem): SpecProblem => ({ ...problem, path: [...path, ...problem.path] });
    if (wrong.length > 0) {
      this.problems.push(...wrong.map(within));
      return;
    }
    const object = schema().parse(value, { jitless: true }) as KubernetesObject;
    this.problems.push(...rulesOf(object).map(within));
    this.notices.push(...unreadFields(value, object, []).map(within));
    const lineOf = (inner: SpecPath): number => this.#source.locate([...path, ...inner], "value").line;
    this.objects.push({ object, file: this.#file, lineOf });
  }
}

/** `List`, and what `kubectl get -o yaml` called them once: `ServiceList`. */
const isList = (kind: string): boolean => kind === "List" || (kind.endsWith("List") && isKnown(kind.slice(0, -4)));

const isKnown = (kind: string): kind is KubernetesKind => Object.hasOwn(kinds, kind);

function rulesOf(object: KubernetesObject): SpecProblem[] {
  if (object.kind === "Gateway") return checkGatewayObject(object);
  return object.kind === "HTTPRoute" ? checkHttpRouteObject(object) : [];
}

/** Parts that say something about the object, not to the gateway, or that the gateway reads from elsewhere. */
const silent: Readonly<Partial<Record<KubernetesKind, readonly string[]>>> = {
  Namespace: ["spec"],
  Service: ["spec"],
  EndpointSlice: ["endpoints", "ports"],
  Secret: ["stringData", "immutable"],
};
const alwaysSilent: readonly string[] = ["status", "metadata"];

function unreadFields(
  value: Readonly<Record<string, unknown>>,
  object: KubernetesObject,
  path: SpecPath,
): SpecProblem[] {
  const skipped = [...alwaysSilent, ...(silent[object.kind] ?? [])];
  const told = Object.entries(value).filter(([key]) => !skipped.includes(key));
  return compareFields(Object.fromEntries(told), object, path);
}

function compareFields(written: unknown, read: unknown, path: SpecPath): SpecProblem[] {
  if (Array.isArray(written)) {
    return written.flatMap((item, index) => compareFields(item, valueAt(read, [index]), [...path, index]));
  }
  if (!isRecord(written)) return [];
  return Object.entries(written).flatMap(([key, member]) => {
    const inner = [...path, key];
    if (isRecord(read) && Object.hasOwn(read, key)) return compareFields(member, read[key], inner);
    return [{ ...problemAt(inner, `the field ${formatPath(inner)} is not used`), atKey: true }];
  });
}

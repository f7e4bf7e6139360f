// A created service's entry in tusk.yaml: as text to show, and added to a file's text with everything that a person
// wrote in it, comments included, left as it is. Pure.
import { Document, isMap, isSeq, parseDocument, type YAMLMap, YAMLSeq } from "yaml";
import { TuskError } from "../base/errors.js";

/** Plain data in the shape of the spec file, in the order in which it is written. */
export interface ServiceEntry {
  readonly name: string;
  readonly path: string;
  readonly language: string;
  readonly framework: string;
  readonly dependencies: readonly string[];
  readonly run: readonly string[];
  readonly calls: readonly string[];
  readonly route: string;
  readonly health: {
    readonly liveness: { readonly http: string };
    readonly readiness: { readonly http: string };
  };
}

/** The entry as one item of a list. */
export function renderEntry(entry: ServiceEntry): string {
  const document = new Document([]);
  document.contents = new YAMLSeq(document.schema) as typeof document.contents;
  (document.contents as unknown as YAMLSeq).add(toNode(document, entry));
  return document.toString({ lineWidth: 120, flowCollectionPadding: true });
}

/** Null when the file has a service of that name already. Throws SPEC_INVALID when it is not YAML of a spec's shape. */
export function addEntry(text: string, entry: ServiceEntry): string | null {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw new TuskError("SPEC_INVALID", error.message, { hint: "`tusk validate` lists every problem" });
  const services = servicesOf(document);
  if (services.items.some((item) => isMap(item) && item.get("name") === entry.name)) return null;
  services.flow = false;
  services.add(toNode(document, entry));
  return document.toString({ lineWidth: 120, flowCollectionPadding: true });
}

function servicesOf(document: ReturnType<typeof parseDocument>): YAMLSeq {
  const found: unknown = document.get("services");
  if (isSeq(found)) return found;
  if (found !== undefined && found !== null) throw notSpec("`services` is no list");
  if (document.contents !== null && !isMap(document.contents)) throw notSpec("it is no map");
  const made = new YAMLSeq(document.schema);
  document.set("services", made);
  return made;
}

const notSpec = (what: string): TuskError =>
  new TuskError("SPEC_INVALID", `the service could not be added: ${what}`, {
    hint: "`tusk validate` lists every problem",
  });

/** Lists and probes stay on one line, as a person would write them. */
function toNode(document: Pick<Document, "createNode">, entry: ServiceEntry): YAMLMap {
  const node = document.createNode(entry) as YAMLMap;
  for (const { value } of node.items) if (isSeq(value) || isMap(value)) value.flow = true;
  return node;
}

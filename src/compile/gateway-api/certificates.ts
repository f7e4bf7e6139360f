// Certificates of a listener: from the Secrets that it names to PEM text. Whether the text is a certificate with its key
// is asked of whoever can tell.
import { contentHash } from "../../base/hash.js";
import type { ListenerObject } from "../../model/kubernetes/object-schemas.js";
import type { Failure } from "./conditions.js";
import type { ObjectSet } from "./object-set.js";
import { gatewayGroup, isPermitted } from "./references.js";

export interface Certificate {
  /** Made from the content: `<hash>.pem`. */
  readonly file: string;
  /** Certificate chain, then key. */
  readonly pem: string;
}

/** What is wrong with a certificate chain and its key; null: nothing. */
export type CheckCertificate = (pem: string) => string | null;

export interface ListenerCertificates {
  readonly certificates: readonly Certificate[];
  readonly failures: readonly Failure[];
}

type Ref = NonNullable<NonNullable<ListenerObject["tls"]>["certificateRefs"]>[number];

export function findCertificates(
  set: ObjectSet,
  { protocol, tls }: ListenerObject,
  namespace: string,
  check: CheckCertificate,
): ListenerCertificates {
  if (protocol !== "HTTPS") return { certificates: [], failures: [] };
  const refs = tls?.certificateRefs ?? [];
  if (refs.length === 0) return { certificates: [], failures: [invalid("the listener names no certificate")] };
  const found = refs.map((ref) => findOne(set, ref, namespace, check));
  return {
    certificates: found.filter((one) => "pem" in one),
    failures: found.filter((one) => "reason" in one),
  };
}

function findOne(set: ObjectSet, ref: Ref, gatewayNamespace: string, check: CheckCertificate): Certificate | Failure {
  const { group = "", kind = "Secret", name, namespace = gatewayNamespace } = ref;
  if (group !== "" || kind !== "Secret") return invalid(`the certificate ${name} is a ${kind}, and no Secret`);
  const from = { group: gatewayGroup, kind: "Gateway", namespace: gatewayNamespace };
  if (!isPermitted(set, from, { group, kind, namespace, name })) {
    const message = `no ReferenceGrant in ${namespace} lets Gateways of ${gatewayNamespace} use ${name}`;
    return { reason: "RefNotPermitted", message };
  }
  const data = set.find("Secret", `${namespace}/${name}`)?.object.data;
  if (!data) return invalid(`there is no Secret ${namespace}/${name}`);
  const pem = ["tls.crt", "tls.key"].map((key) => decode(Object.hasOwn(data, key) ? data[key] : undefined)).join("\n");
  const problem = check(pem);
  if (problem !== null) return invalid(`the Secret ${namespace}/${name} holds no certificate with its key: ${problem}`);
  return { file: `${contentHash(pem)}.pem`, pem };
}

const invalid = (message: string): Failure => ({ reason: "InvalidCertificateRef", message });

/** The schema has let base64 pass only; what it does not decode is no certificate. */
function decode(text = ""): string {
  try {
    return atob(text.replaceAll(/\s/g, ""));
  } catch {
    // Of a wrong length.
    return "";
  }
}

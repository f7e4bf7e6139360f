// Which certificate a client of a listener gets: that of the section that the name it asks for belongs to. The same
// section must be the one of its requests' hosts, or they are answered 421.
import type { SecureContext } from "node:tls";
import type { GatewayListenerPlan } from "../../plan/proxy-plan.js";
import type { RouteIndex } from "../route-index.js";
import type { CertificateStore, LoadedCertificate } from "./certificate-store.js";

export interface ListenerTls {
  /** For clients that name no server; null: they are not served. */
  readonly fallback: string | null;
  /** Null: no listener serves this name. */
  contextFor(serverName: string): SecureContext | null;
}

/** Throws where a certificate cannot be used. */
export function createListenerTls(
  { certificates }: NonNullable<GatewayListenerPlan["tls"]>,
  index: RouteIndex,
  store: CertificateStore | undefined,
): ListenerTls {
  if (!store) throw new Error("this worker has no place for certificates");
  const bySection = new Map<string, LoadedCertificate[]>();
  for (const { section, file } of certificates) {
    bySection.set(section, [...(bySection.get(section) ?? []), load(store, file)]);
  }
  const find = (serverName: string): LoadedCertificate | undefined => {
    const own = bySection.get(index.sectionOf(serverName.toLowerCase()) ?? "") ?? [];
    return own.find((certificate) => certificate.isFor(serverName)) ?? own[0];
  };
  return {
    fallback: find("")?.pem ?? null,
    contextFor: (serverName) => find(serverName)?.context ?? null,
  };
}

function load(store: CertificateStore, file: string): LoadedCertificate {
  try {
    return store.load(file);
  } catch (error) {
    throw new Error(`the certificate ${file} cannot be used`, { cause: error });
  }
}

// `tls` of a listener from its written forms to the app spec. Takes only what the schema has passed.
import type { CertificateSpec } from "./app-spec.js";
import type { ListenerFile } from "./normalise-gateway.js";

export function normaliseListenerTls(file: NonNullable<ListenerFile["tls"]>): readonly CertificateSpec[] {
  return (Array.isArray(file) ? file : [file]).map(({ certificate, key }) => ({
    certificate,
    ...(key === undefined ? {} : { key }),
  }));
}

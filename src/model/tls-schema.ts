// File form of `tls`: what a listener shows to its clients.
import { z } from "zod";
import { list, once, text } from "./schema-parts.js";

/** Of one listener; which one a client gets is decided by the name that it asks for. */
const maxCertificates = 64;

const certificatePair = once(() =>
  z.strictObject({
    certificate: text().meta({ description: "PEM file with the certificate and its chain, relative to the spec." }),
    key: text().optional().meta({ description: "PEM file with the key. Default: in the certificate's file." }),
  }),
);

export const listenerTlsSchema = once(() =>
  z
    .union([certificatePair(), list(certificatePair(), maxCertificates).min(1, "must have an entry")], {
      error: "expected `{ certificate, key }`, or a list of them",
    })
    .meta({ description: "Encrypted, at least TLS 1.2. Changed files are taken up without a restart." }),
);

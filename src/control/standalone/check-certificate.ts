// Whether a text is a certificate chain with its key, as the workers will take it.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { messageOf } from "../../base/errors.js";

/** Null: it is. Says nothing of the key. */
export function checkCertificate(pem: string): string | null {
  try {
    const certificate = new X509Certificate(pem);
    return certificate.checkPrivateKey(createPrivateKey(pem)) ? null : "the key belongs to another certificate";
  } catch (error) {
    return messageOf(error);
  }
}

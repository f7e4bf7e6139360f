// Whether a text is a certificate chain with its key, as the workers will take it. Says nothing
// of what the key is.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { messageOf } from "../base/errors.js";

/** Null: it is. */
export function checkCertificate(pem: string): string | null {
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) return "there is no certificate in PEM form in it";
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return "there is no private key in PEM form with it";
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)) return "the key has a passphrase";
  try {
    const certificate = new X509Certificate(pem);
    return certificate.checkPrivateKey(createPrivateKey(pem)) ? null : "the key belongs to another certificate";
  } catch (error) {
    return messageOf(error);
  }
}

/** When the first certificate of the text begins and ends to be valid, epoch milliseconds. */
export function validityOf(pem: string): { readonly fromMs: number; readonly toMs: number } {
  const { validFrom, validTo } = new X509Certificate(pem);
  return { fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) };
}

// Certificates by the name of their file. The name is made from the content, so that what was read once stays right.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SecureContext } from "node:tls";
import { loadTls } from "./lazy-builtins.js";

export interface LoadedCertificate {
  /** Certificate chain and key, PEM. */
  readonly pem: string;
  readonly context: SecureContext;
  /** Whether it is for this host. */
  isFor(hostname: string): boolean;
}

export class CertificateStore {
  readonly #folder: string;
  readonly #loaded = new Map<string, LoadedCertificate>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws what the file system or OpenSSL has against it. */
  load(file: string): LoadedCertificate {
    const known = this.#loaded.get(file);
    if (known) return known;
    const pem = readFileSync(join(this.#folder, file), "utf8");
    const certificate = new X509Certificate(pem);
    const loaded: LoadedCertificate = {
      pem,
      context: loadTls().createSecureContext({ cert: pem, key: pem, minVersion: "TLSv1.2" }),
      isFor: (hostname) => certificate.checkHost(hostname) !== undefined,
    };
    this.#loaded.set(file, loaded);
    return loaded;
  }
}

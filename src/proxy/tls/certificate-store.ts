// Certificates by the name of their file. The name is made from the content, so that what was read once stays right.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SecureContext } from "node:tls";
import type { UpstreamTlsPlan } from "../../plan/proxy-plan.js";
import type { UpstreamTls } from "../exchange.js";
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
  readonly #upstreams = new Map<string, UpstreamTls>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws what the file system or OpenSSL has against it. */
  load(file: string): LoadedCertificate {
    const known = this.#loaded.get(file);
    if (known) return known;
    const pem = this.#read(file);
    const certificate = new X509Certificate(pem);
    const loaded: LoadedCertificate = {
      pem,
      context: loadTls().createSecureContext({ cert: pem, key: pem, minVersion: "TLSv1.2" }),
      isFor: (hostname) => certificate.checkHost(hostname) !== undefined,
    };
    this.#loaded.set(file, loaded);
    return loaded;
  }

  /** The same object for the same wishes. Throws what the file system or OpenSSL has against a file. */
  loadUpstream({ serverName, ca, clientCertificate }: UpstreamTlsPlan): UpstreamTls {
    const key = [serverName, ca, clientCertificate].join("\n");
    const known = this.#upstreams.get(key);
    if (known) return known;
    const own = clientCertificate === undefined ? null : this.#read(clientCertificate);
    const context = loadTls().createSecureContext({
      minVersion: "TLSv1.2",
      ...(ca === undefined ? {} : { ca: this.#authorities(ca) }),
      ...(own === null ? {} : { cert: own, key: own }),
    });
    const tls = { serverName, context };
    this.#upstreams.set(key, tls);
    return tls;
  }

  // OpenSSL takes a text without a certificate for an empty list, and says nothing.
  #authorities(file: string): string {
    const pem = this.#read(file);
    new X509Certificate(pem);
    return pem;
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }
}

// Certificates for tests, made by openssl when they are needed: an authority, and what it signs. Valid for a century.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateWishes {
  /** Of the files, and the subject. */
  readonly name: string;
  /** `DNS:one.example,URI:spiffe://a/b`. */
  readonly subjectAltNames?: string;
}

const openssl = (args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });

export class TestAuthority {
  readonly folder: string;
  readonly certificate: string;
  readonly #key: string;

  /** `folder` must be there. */
  constructor(folder: string, name = "authority") {
    this.folder = folder;
    this.certificate = join(folder, `${name}.crt`);
    this.#key = join(folder, `${name}.key`);
    makeKey(this.#key);
    const subject = ["-subj", `/CN=${name}`, "-days", "36500"];
    openssl(["req", "-x509", "-new", "-key", this.#key, ...subject, "-out", this.certificate]);
  }

  get pem(): string {
    return readFileSync(this.certificate, "utf8");
  }

  sign({ name, subjectAltNames }: CertificateWishes): CertificateFiles {
    const [certificate, key, request, extensions] = ["crt", "key", "csr", "ext"].map((kind) =>
      join(this.folder, `${name}.${kind}`),
    ) as [string, string, string, string];
    makeKey(key);
    openssl(["req", "-new", "-key", key, "-subj", `/CN=${name}`, "-out", request]);
    writeFileSync(extensions, subjectAltNames === undefined ? "" : `subjectAltName=${subjectAltNames}\n`);
    const signer = ["-CA", this.certificate, "-CAkey", this.#key, "-CAcreateserial"];
    openssl(["x509", "-req", "-in", request, ...signer, "-extfile", extensions, "-days", "36500", "-out", certificate]);
    return { certificate, key };
  }
}

function makeKey(file: string): void {
  openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", file]);
}

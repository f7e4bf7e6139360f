// One certificate for everybody, and the settings by which the load generator offers one cipher only: so every peer
// uses that one, whatever it would prefer.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const cipher = "TLS_AES_128_GCM_SHA256";

/** ECDSA on P-256, of this run. */
export function makeCertificate({ folder }) {
  const at = (name) => join(folder, name);
  const certificate = { cert: at("cert.pem"), key: at("key.pem"), pem: at("both.pem") };
  const subject = ["-subj", "/CN=bench.example", "-addext", "subjectAltName=DNS:bench.example,IP:127.0.0.1"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", certificate.key];
  const made = spawnSync("openssl", ["req", "-x509", "-days", "2", ...key, "-out", certificate.cert, ...subject]);
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr ?? made.error}`);
  writeFileSync(certificate.pem, readFileSync(certificate.cert, "utf8") + readFileSync(certificate.key, "utf8"));
  return certificate;
}

/** For a program that uses OpenSSL with its configuration. */
export function tlsEnvironment({ folder }) {
  const file = join(folder, "client.cnf");
  writeFileSync(
    file,
    `openssl_conf = start
[start]
ssl_conf = parts
[parts]
system_default = client
[client]
MinProtocol = TLSv1.3
Ciphersuites = ${cipher}
`,
  );
  return { OPENSSL_CONF: file };
}

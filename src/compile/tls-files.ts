// The files of PEM text that a spec names, each with the place where it does: certificates with their keys. Who reads them gives each a name made from its content, and by that the plans refer to it.
import { TuskError } from "../base/errors.js";
import type { AppSpec, CertificateSpec } from "../model/app-spec.js";

export interface TlsFileRef {
  /** Relative to the app folder, or absolute. */
  readonly file: string;
  /** Of a certificate whose key is in another file. */
  readonly keyFile?: string;
  /** Path in the normalised spec. */
  readonly at: string;
}

/** Name of the file beside the workers (`<hash>.pem`), by `tlsFileKey`. */
export type TlsFiles = Readonly<Record<string, string>>;

export const tlsFileKey = ({ file, keyFile = "" }: Omit<TlsFileRef, "at">): string => [file, keyFile].join("\n");

/** Throws INTERNAL for a file that was not read: its caller did not ask `tlsFileRefs`. */
export function tlsFileOf(files: TlsFiles, ref: TlsFileRef): string {
  const key = tlsFileKey(ref);
  const name = Object.hasOwn(files, key) ? files[key] : undefined;
  if (name === undefined) throw new TuskError("INTERNAL", `the file ${ref.file} was not read`);
  return name;
}

export function tlsFileRefs({ gateway }: AppSpec): TlsFileRef[] {
  return gateway.listeners.flatMap(({ name, tls = [] }) =>
    tls.map((pair) => certificateRef(pair, `gateway.listeners.${name}`)),
  );
}

export function certificateRef({ certificate, key }: CertificateSpec, at: string): TlsFileRef {
  return { file: certificate, ...(key === undefined ? {} : { keyFile: key }), at };
}

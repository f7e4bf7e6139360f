// The PEM files that a spec names: read, checked, and kept for the workers under names made from their content, where
// nobody else on the machine can read them. A file that has become unusable is served as it was before.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Clock } from "../base/clock.js";
import type { Problem } from "../base/errors.js";
import type { EmitEvent } from "../base/event.js";
import { contentHash } from "../base/hash.js";
import { type TlsFileRef, type TlsFiles, tlsFileKey, tlsFileRefs } from "../compile/tls-files.js";
import type { AppSpec, Provenance } from "../model/app-spec.js";
import { placeOf } from "../model/provenance.js";
import { readJson, writeFileAtomic, writeJsonAtomic } from "../system/atomic-file.js";
import { checkCertificate, validityOf } from "./check-certificate.js";
import { readTextFile } from "./text-file.js";

export interface TlsMaterialOptions {
  /** The app's folder. */
  readonly root: string;
  /** Beside the workers' sockets. */
  readonly folder: string;
  readonly clock: Clock;
  readonly emit: EmitEvent;
}

export interface ReadMaterial {
  readonly files: TlsFiles;
  /** Of files that cannot be used and never could. */
  readonly problems: readonly Problem[];
}

type Outcome = { readonly pem: string } | { readonly message: string; readonly hint?: string };

const maxBytes = 1024 * 1024;
const indexFile = "index.json";
const secret = { mode: 0o600, durable: false } as const;

export class TlsMaterial {
  readonly #options: TlsMaterialOptions;
  /** The last that could be used. */
  #good: TlsFiles = {};
  /** By file. */
  readonly #validities = new Map<string, ReturnType<typeof validityOf>>();
  /** What was said of each, so that it is said once. */
  readonly #told = new Map<string, string>();
  #refs: readonly TlsFileRef[] = [];

  constructor(options: TlsMaterialOptions) {
    this.#options = options;
  }

  /** Absolute, of what was read last. */
  get paths(): readonly string[] {
    const { root } = this.#options;
    const names = this.#refs.flatMap(({ file, keyFile }) => (keyFile === undefined ? [file] : [file, keyFile]));
    return [...new Set(names.map((name) => resolve(root, name)))];
  }

  /** Of the last read, as far as they can be used. */
  get files(): TlsFiles {
    const keys = this.#refs.map(tlsFileKey).filter((key) => Object.hasOwn(this.#good, key));
    return Object.fromEntries(keys.map((key) => [key, this.#good[key] ?? ""]));
  }

  async read(spec: AppSpec, provenance: Provenance): Promise<ReadMaterial> {
    const refs = tlsFileRefs(spec);
    this.#refs = refs;
    if (refs.length === 0) return { files: {}, problems: [] };
    this.#recover();
    const problems: Problem[] = [];
    for (const ref of new Map(refs.map((ref) => [tlsFileKey(ref), ref])).values()) {
      const outcome = await this.#load(ref);
      if ("pem" in outcome) this.#keep(ref, outcome.pem);
      else if (Object.hasOwn(this.#good, tlsFileKey(ref))) this.#tellRefused(ref, outcome.message);
      else problems.push({ path: ref.at, ...outcome, ...placeOf(provenance, ref.at) });
    }
    this.#writeIndex();
    this.tellValidity();
    return { files: this.files, problems };
  }

  /** Forgets what is not of these files, which are served. */
  prune(inForce: TlsFiles): void {
    const kept = new Set(Object.values(inForce));
    this.#good = inForce;
    for (const name of this.#stored()) {
      if (name.endsWith(".pem") && !kept.has(name)) rmSync(join(this.#options.folder, name), { force: true });
    }
  }

  /** A certificate that is valid no more, or not yet: served all the same, because some clients do not care. */
  tellValidity(): void {
    const now = this.#options.clock.now();
    for (const ref of this.#refs) {
      const file = this.#good[tlsFileKey(ref)];
      if (file === undefined) continue;
      const { fromMs, toMs } = this.#validityOf(file);
      const isOver = now > toMs;
      if (!isOver && now >= fromMs) continue;
      const when = `${isOver ? "has expired on" : "is not valid before"} ${day(isOver ? toMs : fromMs)}`;
      this.#tell(ref, `certificate.${isOver ? "expired" : "not-yet-valid"}`, `${this.#nameOf(ref)} ${when}`);
    }
  }

  #tellRefused(ref: TlsFileRef, message: string): void {
    this.#tell(ref, "certificate.refused", `${message}; the one before it is served on`);
  }

  #tell(ref: TlsFileRef, kind: string, message: string): void {
    const key = `${kind}\n${tlsFileKey(ref)}`;
    if (this.#told.get(key) === message) return;
    this.#told.set(key, message);
    this.#options.emit({ kind, level: "warning", message });
  }

  async #load(ref: TlsFileRef): Promise<Outcome> {
    const first = await this.#readOne(ref.file);
    const second = ref.keyFile === undefined || !("pem" in first) ? first : await this.#readOne(ref.keyFile);
    if (!("pem" in first)) return first;
    if (!("pem" in second)) return second;
    const pem = ref.keyFile === undefined ? first.pem : `${first.pem}\n${second.pem}`;
    const problem = checkCertificate(pem);
    if (problem === null) return { pem };
    return { message: `${this.#nameOf(ref)} cannot be used: ${problem}`, ...hintFor(problem) };
  }

  async #readOne(name: string): Promise<Outcome> {
    const { root } = this.#options;
    const read = await readTextFile(resolve(root, name), maxBytes);
    if (read.kind === "text") return { pem: read.text };
    const shown = relative(root, resolve(root, name));
    if (read.kind === "unreadable") return { message: `${shown} ${read.reason}` };
    return { message: `${shown} does not exist`, hint: "paths of `tls` are relative to the app's folder" };
  }

  #keep(ref: TlsFileRef, pem: string): void {
    const file = `${contentHash(pem)}.pem`;
    const key = tlsFileKey(ref);
    // The next one that cannot be used is told again.
    this.#told.delete(`certificate.refused\n${key}`);
    if (this.#good[key] === file && this.#stored().includes(file)) return;
    writeFileAtomic(join(this.#options.folder, file), pem, secret);
    this.#good = { ...this.#good, [key]: file };
  }

  /** What a controller before this one served. */
  #recover(): void {
    const { folder } = this.#options;
    if (Object.keys(this.#good).length > 0) return;
    const stored = this.#stored();
    if (!stored.includes(indexFile)) return;
    const before = Object.entries(readJson(join(folder, indexFile)) as TlsFiles);
    this.#good = Object.fromEntries(before.filter(([, file]) => stored.includes(file)));
  }

  #writeIndex(): void {
    writeJsonAtomic(join(this.#options.folder, indexFile), this.#good, secret);
  }

  #validityOf(file: string): ReturnType<typeof validityOf> {
    const known = this.#validities.get(file);
    if (known) return known;
    const validity = validityOf(readFileSync(join(this.#options.folder, file), "utf8"));
    this.#validities.set(file, validity);
    return validity;
  }

  #stored(): string[] {
    try {
      return readdirSync(this.#options.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  #nameOf({ file, keyFile }: TlsFileRef): string {
    const { root } = this.#options;
    const names = [file, ...(keyFile === undefined ? [] : [keyFile])];
    return names.map((name) => relative(root, resolve(root, name))).join(" with ");
  }
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function hintFor(problem: string): { readonly hint?: string } {
  if (problem.includes("another certificate")) return { hint: "name the key that this certificate was made for" };
  if (problem.includes("passphrase"))
    return { hint: "store it without one: `openssl pkey -in key.pem -out plain.pem`" };
  return problem.includes("private key") ? { hint: "name its file as `key`" } : {};
}

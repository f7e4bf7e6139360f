// Reads the .env files of a spec's services. The app's own `.env`, then the service's, then those that it names:
// later wins. Values never appear in a problem.
import { join, relative, resolve } from "node:path";
import type { Problem } from "../base/errors.js";
import type { AppSpec, Provenance, ServiceSpec } from "../model/app-spec.js";
import { type DotenvResult, parseDotenv } from "../model/dotenv.js";
import { placeOf } from "../model/provenance.js";
import { readTextFile } from "./text-file.js";

const maxBytes = 1024 * 1024;

export interface EnvFiles {
  /** What each service's files say together, by service. */
  readonly variables: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** A named file that is absent, and lines that are no assignment. The implicit `.env` may be absent. */
  readonly problems: readonly Problem[];
}

/** Every file that is read when it is there, once each, in no order of meaning. */
export function envFilePaths({ services }: AppSpec, root: string): string[] {
  const paths = services.flatMap(({ path, envFiles }) => {
    const folder = resolve(root, path);
    return [join(folder, ".env"), ...envFiles.map((name) => resolve(folder, name))];
  });
  return [...new Set([join(root, ".env"), ...paths])];
}

/** `root` is the app's folder. */
export async function readEnvFiles(spec: AppSpec, provenance: Provenance, root: string): Promise<EnvFiles> {
  const reader = new EnvFileReader(root, provenance);
  const variables: [string, Record<string, string>][] = [];
  for (const service of spec.services) variables.push([service.name, await reader.readAll(service)]);
  return { variables: Object.fromEntries(variables), problems: reader.problems };
}

class EnvFileReader {
  readonly problems: Problem[] = [];
  readonly #root: string;
  readonly #provenance: Provenance;
  /** Services share files; each is read, and complained about, once. Null: absent. */
  readonly #read = new Map<string, DotenvResult["values"] | null>();

  constructor(root: string, provenance: Provenance) {
    this.#root = root;
    this.#provenance = provenance;
  }

  async readAll(service: ServiceSpec): Promise<Record<string, string>> {
    const folder = resolve(this.#root, service.path);
    const implicit = new Set([join(this.#root, ".env"), join(folder, ".env")]);
    const all: Record<string, string> = {};
    for (const path of implicit) Object.assign(all, await this.#readOne(path));
    for (const [index, name] of service.envFiles.entries()) {
      const path = resolve(folder, name);
      const values = await this.#readOne(path);
      if (values === null && !implicit.has(path)) this.#absent(service, index, path);
      Object.assign(all, values);
    }
    return all;
  }

  async #readOne(path: string): Promise<DotenvResult["values"] | null> {
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const values = await this.#parse(path);
    this.#read.set(path, values);
    return values;
  }

  async #parse(path: string): Promise<DotenvResult["values"] | null> {
    const file = await readTextFile(path, maxBytes);
    if (file.kind === "absent") return null;
    const name = relative(this.#root, path);
    if (file.kind === "unreadable") {
      this.problems.push({ path: "", message: `${name} ${file.reason}`, file: name });
      return {};
    }
    const parsed = parseDotenv(file.text, name);
    this.problems.push(...parsed.problems);
    return parsed.values;
  }

  #absent(service: ServiceSpec, index: number, path: string): void {
    const at = `services.${service.name}.envFiles[${index}]`;
    this.problems.push({
      path: at,
      message: `${relative(this.#root, path)} does not exist`,
      hint: "paths of `envFiles` are relative to the service's `path`",
      ...placeOf(this.#provenance, at),
    });
  }
}

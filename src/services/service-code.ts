// What a service is generated from, and what the generated folder promises to those who install and run it. The
// contract between the generator, the environments and the commands; no file is read or written here.

/** A service that the generated one calls when it creates a resource. */
export interface ServiceCall {
  /** The callee's name, a DNS label. Its address is in `<NAME>_URL`. */
  readonly name: string;
  /** The callee's own. One that takes payments is commanded (POST of an amount); any other is asked for a reference. */
  readonly dependencies: readonly string[];
  /** Default: derived from the name. */
  readonly resource?: string;
}

export interface ServiceCodeSpec {
  /** A DNS label. */
  readonly name: string;
  /** Such as `python`. */
  readonly language: string;
  /** Such as `fastapi`. */
  readonly framework: string;
  /** Libraries and backing services that shape the code; those a template knows are in its registry entry. */
  readonly dependencies: readonly string[];
  readonly calls: readonly ServiceCall[];
  /** Singular, a DNS label. Default: derived from the name, `user-service` -> `user`. */
  readonly resource?: string;
}

export interface CreateServiceCodeOptions {
  /** Absolute. Made when absent. */
  readonly folder: string;
  /**
   * Rewrites files that are unchanged since they were generated, and removes those of them that this spec generates no
   * more. Default false: what exists is left alone.
   */
  readonly force?: boolean;
}

export interface GeneratedFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  /** Of the generated text, 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface CreatedCode {
  /** Absolute. */
  readonly folder: string;
  /** Every file that this spec generates, sorted by path, whatever became of it. */
  readonly files: readonly GeneratedFile[];
  /** New, or rewritten. */
  readonly written: readonly string[];
  /** Exist and are the user's: not from us, or edited since. Never touched. */
  readonly kept: readonly string[];
  /** Exist as they were generated and were not rewritten: already the same text, or `force` was not given. */
  readonly skipped: readonly string[];
  /** Were generated for another spec, were unchanged since, and are gone; only with `force`. */
  readonly removed: readonly string[];
  /** Were generated for another spec and are there: edited since, or `force` was not given. */
  readonly obsolete: readonly string[];
  readonly manifest: ServiceManifest;
}

/** A variable that the generated code reads. */
export interface ServiceVariable {
  readonly name: string;
  /** What it configures, one sentence. */
  readonly purpose: string;
  /** A credential: never printed, never logged. */
  readonly secret: boolean;
  /** The dependency or callee that it belongs to. */
  readonly of: string;
}

/** What a generated service exposes. */
export interface ServiceManifest {
  /** Relative to the folder; every package pinned. */
  readonly requirementsFile: string;
  /** Adds what the unit tests need. */
  readonly devRequirementsFile: string;
  /** Arguments of the environment's interpreter that serve on HOST (default 127.0.0.1) and PORT (default 8000). */
  readonly runArguments: readonly string[];
  /** ASGI application, for another server than the one that `runArguments` starts. */
  readonly module: string;
  readonly healthPath: string;
  readonly readyPath: string;
  /** The collection: `/users`. */
  readonly routePath: string;
  /** Singular: `user`. */
  readonly resource: string;
  /** Those that configure backing services and callees; absent ones leave the service running without. */
  readonly variables: readonly ServiceVariable[];
}

/** In the generated folder, to be committed with it: which files are ours, and what they held. */
export const generatedRecordFile = ".tusk-generated.json";

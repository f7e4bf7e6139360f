// Completes what is known of a service for the registry. Takes only what is there: nothing is invented, and what is not
// known stays null.

export interface ServiceFacts {
  readonly name: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly version?: string;
  readonly zone?: string;
  readonly language?: string;
  readonly framework?: string;
  readonly dependencies?: readonly string[];
  readonly tags?: readonly string[];
  /** Counts up with each change of its programs. */
  readonly revision?: number;
}

export interface ServiceMetadata {
  readonly generator: string;
  readonly name: string;
  readonly protocol: string | null;
  readonly port: number | null;
  readonly version: string | null;
  readonly zone: string | null;
  readonly tags: readonly string[];
  readonly capabilities: readonly string[];
  /** Where each value that is not null comes from. */
  readonly sources: Readonly<Record<string, string>>;
}

export const serviceMetadataVersion = "1";

export function generateServiceMetadata(facts: ServiceFacts): ServiceMetadata {
  const { name, port, zone, language, framework, dependencies = [] } = facts;
  const protocol = protocolOf(facts);
  const version = versionOf(facts);
  const tags = [...new Set([...(facts.tags ?? []), ...[language, framework].filter((tag) => tag !== undefined)])];
  return {
    generator: serviceMetadataVersion,
    name,
    protocol: protocol?.value ?? null,
    port: port ?? null,
    version: version?.value ?? null,
    zone: zone ?? null,
    tags,
    capabilities: [...new Set(dependencies)],
    sources: {
      ...(protocol ? { protocol: protocol.source } : {}),
      ...(port === undefined ? {} : { port: "given" }),
      ...(version ? { version: version.source } : {}),
      ...(zone === undefined ? {} : { zone: "given" }),
    },
  };
}

interface Found {
  readonly value: string;
  readonly source: string;
}

const httpFrameworks = ["fastapi", "flask", "django", "express", "fastify", "gin", "spring-boot", "axum"];

function protocolOf({ protocol, framework }: ServiceFacts): Found | null {
  if (protocol !== undefined) return { value: protocol, source: "given" };
  if (framework === undefined || !httpFrameworks.includes(framework)) return null;
  return { value: "http", source: `${framework} serves HTTP` };
}

function versionOf({ version, revision }: ServiceFacts): Found | null {
  if (version !== undefined) return { value: version, source: "given" };
  return revision === undefined ? null : { value: `r${revision}`, source: "its revision here" };
}

// What a service needs beside itself, read from its language, framework and dependencies: each need with the reason and
// the variable that configures it. A name that is not known is said to be, with the nearest that is.
import { nearestName } from "../base/nearest-name.js";

export type Capability = "relational-store" | "cache" | "broker" | "payment-api" | "document-store" | "search";

export interface ServiceConfigInput {
  readonly name: string;
  readonly language?: string;
  readonly framework?: string;
  readonly dependencies?: readonly string[];
  /** Services that it calls. Default: none are known. */
  readonly calls?: readonly string[];
  /** Default 1. */
  readonly replicas?: number;
  /** Where it serves its collection, `/users`. Default: not known. */
  readonly collectionPath?: string;
}

export interface CapabilityNeed {
  readonly capability: Capability;
  /** The dependency that asks for it. */
  readonly dependency: string;
  readonly reason: string;
  /** Variable that configures it. */
  readonly variable: string;
  /** What happens without the variable. */
  readonly otherwise: string;
}

export interface UnknownName {
  readonly kind: "language" | "framework" | "dependency";
  readonly name: string;
  /** Null: nothing is near. */
  readonly nearest: string | null;
}

export interface ServiceRequirements {
  readonly version: string;
  readonly service: string;
  readonly language: string | null;
  readonly framework: string | null;
  readonly capabilities: readonly CapabilityNeed[];
  readonly calls: readonly string[];
  readonly replicas: number;
  readonly collectionPath: string | null;
  readonly unknown: readonly UnknownName[];
}

export const serviceRequirementsVersion = "1";

type Known = Omit<CapabilityNeed, "dependency">;

const relational: Known = {
  capability: "relational-store",
  reason: "its records are kept in SQL tables",
  variable: "DATABASE_URL",
  otherwise: "a SQLite file in the service's own folder",
};
const cache: Known = {
  capability: "cache",
  reason: "what is read often is kept in memory for a while",
  variable: "REDIS_URL",
  otherwise: "every read goes to the store",
};
const broker: Known = {
  capability: "broker",
  reason: "what happened is told to others as events",
  variable: "KAFKA_BROKERS",
  otherwise: "events wait in an outbox table",
};
const payments: Known = {
  capability: "payment-api",
  reason: "money is taken through a payment provider",
  variable: "STRIPE_API_KEY",
  otherwise: "payments are stored and wait for a provider",
};

const known: Readonly<Record<string, Known>> = {
  sqlalchemy: relational,
  psycopg: relational,
  redis: cache,
  kafka: broker,
  stripe: payments,
};
const languages = ["python", "node", "go", "java", "rust"];
const frameworks = ["fastapi", "flask", "django", "express", "fastify", "gin", "spring-boot", "axum"];

export function analyzeServiceRequirements(config: ServiceConfigInput): ServiceRequirements {
  const { name, language, framework, dependencies = [], calls = [], replicas = 1 } = config;
  return {
    version: serviceRequirementsVersion,
    service: name,
    language: language ?? null,
    framework: framework ?? null,
    capabilities: needsOf(dependencies),
    calls,
    replicas,
    collectionPath: config.collectionPath ?? null,
    unknown: [
      ...unknownOf("language", language === undefined ? [] : [language], languages),
      ...unknownOf("framework", framework === undefined ? [] : [framework], frameworks),
      ...unknownOf("dependency", dependencies, Object.keys(known)),
    ],
  };
}

/** One for each capability: the first dependency that asks for it. */
function needsOf(dependencies: readonly string[]): CapabilityNeed[] {
  const needs = new Map<Capability, CapabilityNeed>();
  for (const dependency of dependencies) {
    const need = Object.hasOwn(known, dependency) ? known[dependency] : undefined;
    if (need && !needs.has(need.capability)) needs.set(need.capability, { ...need, dependency });
  }
  return [...needs.values()];
}

function unknownOf(kind: UnknownName["kind"], names: readonly string[], all: readonly string[]): UnknownName[] {
  return names.filter((name) => !all.includes(name)).map((name) => ({ kind, name, nearest: nearestName(name, all) }));
}

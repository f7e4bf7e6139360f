// The normalised app spec as `PUT /v1/spec` takes it. Structure only: names and references are the compiler's to
// check, the file form is the parser's. Unknown keys are refused, because dropping one silently would change meaning.
import { z } from "@hono/zod-openapi";
import { accessLogFields } from "../../base/access-log-fields.js";
import type { ApplyResult, SpecChange } from "../../control/control-plane.js";
import type {
  AppSpec,
  CallTrafficSpec,
  Command,
  FaultSpec,
  GatewaySpec,
  HealthSpec,
  ProbeCheck,
  ProbeSpec,
  Provenance,
  RouteFilterSpec,
  RouteSpec,
  ServiceSpec,
  SourcePlace,
  SubsetSpec,
  TrafficSpec,
} from "../../model/app-spec.js";
import { defaultSettings, type Settings } from "../../model/settings.js";
import type { ApplyBody, SpecDocument } from "../types.js";
import { problemSchema } from "./common.js";

const text = z.string().max(65_536);
const name = z.string().min(1).max(256);
const milliseconds = z.number().min(0).max(86_400_000);
const port = z.int().min(0).max(65_535);
const count = z.int().min(1).max(1_000_000);
const most = z.int().min(0).max(1_000_000);

const command: z.ZodType<Command> = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("shell"), command: text.min(1) }),
    z.strictObject({ kind: z.literal("exec"), argv: z.array(text).min(1).max(1_000) }),
  ])
  .openapi("Command");

const probeCheck: z.ZodType<ProbeCheck> = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("http"),
      path: z.string().max(8_192).startsWith("/"),
      port: port.optional(),
      statuses: z.tuple([z.int().min(100).max(599), z.int().min(100).max(599)]).optional(),
    }),
    z.strictObject({ kind: z.literal("tcp"), port: port.optional() }),
    z.strictObject({ kind: z.literal("command"), command }),
  ])
  .openapi("ProbeCheck");

const probe: z.ZodType<ProbeSpec> = z
  .strictObject({
    check: probeCheck,
    periodMs: milliseconds,
    timeoutMs: milliseconds,
    successThreshold: count,
    failureThreshold: count,
  })
  .openapi("Probe");

const health: z.ZodType<HealthSpec> = z
  .strictObject({
    startup: probe,
    startupLimitMs: milliseconds,
    liveness: probe.optional(),
    readiness: probe,
  })
  .openapi("Health");

const retryShape = {
  attempts: z.int().min(0).max(100),
  statuses: z.array(z.int().min(100).max(599)).max(500),
  backoffMs: milliseconds,
  budgetRatio: z.number().min(0).max(1),
  budgetMinimum: z.int().min(0),
};

const minimumShape = { minimumHosts: count, minimumRequests: count };
const percentage = z.number().min(0).max(100);

const fault: z.ZodType<FaultSpec> = z
  .strictObject({
    delay: z.strictObject({ timeMs: milliseconds, percentage }).optional(),
    abort: z.strictObject({ status: z.int().min(400).max(599), percentage }).optional(),
    until: z.iso.datetime({ offset: true }),
  })
  .openapi("Fault");

const hedge = z.strictObject({ afterMs: milliseconds.positive() });

const subset: z.ZodType<SubsetSpec> = z.strictObject({
  tags: z.array(text).max(100),
  metadata: z.record(z.string().max(256), text),
  fallback: z.enum(["any", "none"]),
});

const callTraffic: z.ZodType<CallTrafficSpec> = z
  .strictObject({
    requestTimeoutMs: milliseconds.optional(),
    attemptTimeoutMs: milliseconds.optional(),
    retry: z
      .strictObject({ attempts: retryShape.attempts, statuses: retryShape.statuses, backoffMs: milliseconds })
      .partial()
      .optional(),
    hedge: hedge.optional(),
    fault: fault.optional(),
    subset: subset.optional(),
  })
  .openapi("CallTraffic");

const traffic: z.ZodType<TrafficSpec> = z
  .strictObject({
    loadBalancer: z.enum(["round-robin", "random", "least-request", "peak-ewma", "ring-hash", "maglev"]),
    hashOn: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("header"), name }),
        z.strictObject({ kind: z.literal("cookie"), name }),
        z.strictObject({ kind: z.literal("source") }),
      ])
      .optional(),
    slowStartMs: milliseconds,
    requestTimeoutMs: milliseconds,
    attemptTimeoutMs: milliseconds,
    retry: z.strictObject(retryShape),
    outlier: z.strictObject({
      enabled: z.boolean(),
      consecutiveFailures: count,
      baseEjectionMs: milliseconds,
      maxEjectionMs: milliseconds,
      consecutiveGatewayErrors: count.optional(),
      intervalMs: milliseconds.min(100),
      failurePercentage: z.strictObject({ threshold: z.number().gt(0).max(1), ...minimumShape }).optional(),
      successRate: z.strictObject({ deviations: z.number().gt(0).max(10), ...minimumShape }).optional(),
    }),
    limits: z.strictObject({
      connections: most,
      pending: most,
      requests: most,
      retries: most,
      adaptive: z.strictObject({ min: count, max: count, tolerance: z.number().gt(1).max(100) }).optional(),
    }),
    breaker: z.strictObject({
      enabled: z.boolean(),
      failureRatio: z.number().gt(0).max(1),
      minimumRequests: count,
      windowMs: milliseconds,
      openMs: milliseconds,
      maxOpenMs: milliseconds,
      rampMs: milliseconds,
    }),
    hedge: hedge.optional(),
    fault: fault.optional(),
    subset: subset.optional(),
    zone: z.strictObject({ zone: name, minimumHealthy: z.number().min(0).max(1) }).optional(),
    tunnelIdleMs: milliseconds.optional(),
  })
  .openapi("Traffic");

const path = z.string().min(1).max(4_096);
const certificate = z.strictObject({ certificate: path, key: path.optional() });
const service: z.ZodType<ServiceSpec> = z
  .strictObject({
    name,
    language: text.optional(),
    framework: text.optional(),
    dependencies: z.array(text).max(1_000),
    path,
    build: command.optional(),
    setup: command.optional(),
    run: command.optional(),
    env: z.record(z.string(), text),
    envFiles: z.array(text).max(100),
    calls: z.array(name).max(1_000).optional(),
    callTraffic: z.record(name, callTraffic).optional(),
    startAfter: z.array(name).max(1_000),
    replicas: z.int().min(0).max(100),
    health,
    slo: z.strictObject({
      latencyMs: z.number().positive().optional(),
      percentile: z.number().min(0).max(100),
      availability: z.number().min(0).max(1),
    }),
    traffic,
    stopGraceMs: milliseconds,
    drainMs: milliseconds,
  })
  .openapi("Service");

const nameValue = z.strictObject({ type: z.literal("RegularExpression").optional(), name, value: text });
const fields = z.array(z.strictObject({ name, value: text })).max(100);
const headerEdit = z.strictObject({ set: fields, add: fields, remove: z.array(name).max(100) });
const pathEdit = z.strictObject({
  type: z.enum(["ReplaceFullPath", "ReplacePrefixMatch"]),
  value: z.string().max(8_192).startsWith("/"),
});
const names = z.array(name).max(100);

const filters: z.ZodType<RouteFilterSpec> = z
  .strictObject({
    cors: z
      .strictObject({
        allowOrigins: names.min(1),
        allowMethods: names,
        allowHeaders: names,
        exposeHeaders: names,
        allowCredentials: z.boolean(),
        maxAgeSeconds: most,
      })
      .optional(),
    redirect: z
      .strictObject({
        scheme: z.enum(["http", "https"]).optional(),
        hostname: name.optional(),
        port: port.optional(),
        path: pathEdit.optional(),
        status: z.union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)]),
      })
      .optional(),
    rewrite: z.strictObject({ hostname: name.optional(), path: pathEdit.optional() }).optional(),
    requestHeaders: headerEdit.optional(),
    responseHeaders: headerEdit.optional(),
    mirrors: z
      .array(z.strictObject({ name, share: z.number().min(0).max(1) }))
      .max(100)
      .optional(),
  })
  .openapi("RouteFilters");

const route: z.ZodType<RouteSpec> = z
  .strictObject({
    name,
    listeners: z.array(name).max(1_000),
    hostnames: z.array(name).max(1_000),
    matches: z
      .array(
        z.strictObject({
          path: z.discriminatedUnion("type", [
            z.strictObject({ type: z.literal("Exact"), value: z.string().max(8_192).startsWith("/") }),
            z.strictObject({ type: z.literal("PathPrefix"), value: z.string().max(8_192).startsWith("/") }),
            z.strictObject({ type: z.literal("RegularExpression"), value: z.string().max(8_192) }),
          ]),
          method: z.string().max(32).optional(),
          headers: z.array(nameValue).max(100),
          queryParams: z.array(nameValue).max(100),
        }),
      )
      .min(1)
      .max(1_000),
    backendRefs: z.array(z.strictObject({ name, weight: z.int().min(0).max(1_000_000) })).max(1_000),
    filters: filters.optional(),
    timeouts: z
      .strictObject({ requestMs: milliseconds.optional(), backendRequestMs: milliseconds.optional() })
      .optional(),
    retry: z.strictObject(retryShape).partial().optional(),
    fault: fault.optional(),
  })
  .openapi("Route");

const gateway: z.ZodType<GatewaySpec> = z
  .strictObject({
    listeners: z
      .array(
        z.strictObject({
          name,
          host: z.string().min(1).max(256),
          port,
          hostname: name.optional(),
          tls: z.array(certificate).min(1).max(1_000).optional(),
        }),
      )
      .max(1_000),
    routes: z.array(route).max(10_000),
    workers: z.int().min(1).max(64).optional(),
    accessLog: z
      .strictObject({
        sample: z.number().gt(0).max(1),
        fields: z.array(z.enum(accessLogFields)).min(1).max(100),
        query: z.boolean(),
      })
      .optional(),
  })
  .openapi("Gateway");

const settings = z
  .strictObject(
    Object.fromEntries(
      Object.entries(defaultSettings).map(([key, value]) => [
        key,
        typeof value === "boolean" ? z.boolean().optional() : z.string().max(256).optional(),
      ]),
    ),
  )
  .openapi("Settings") as unknown as z.ZodType<Partial<Settings>>;

export const appSpecSchema: z.ZodType<AppSpec> = z
  .strictObject({
    name,
    settings,
    services: z.array(service).max(10_000),
    gateway,
  })
  .openapi("AppSpec");

const place: z.ZodType<SourcePlace> = z
  .object({ file: text, line: z.int().min(1), column: z.int().min(1) })
  .openapi("SourcePlace");
export const provenanceSchema: z.ZodType<Provenance> = z.record(z.string(), place).openapi("Provenance");

export const applyRequestSchema: z.ZodType<ApplyBody> = z
  .strictObject({
    spec: appSpecSchema,
    provenance: provenanceSchema.optional(),
    mode: z.enum(["edit", "replace"]).optional(),
    base: appSpecSchema.optional(),
    dryRun: z.boolean().optional(),
    from: z.string().min(1).max(256),
    file: z.string().max(4_096).optional(),
  })
  .openapi("ApplyRequest");

const specChangeSchema: z.ZodType<SpecChange> = z
  .object({ path: z.string(), before: z.unknown(), after: z.unknown(), text: z.string() })
  .openapi("SpecChange");

export const applyResultSchema: z.ZodType<ApplyResult> = z
  .object({
    changes: z.array(specChangeSchema),
    replaced: z.array(z.string()),
    warnings: z.array(z.string()),
  })
  .openapi("ApplyResult");

export const specDocumentSchema: z.ZodType<SpecDocument> = z
  .object({ spec: appSpecSchema, provenance: provenanceSchema, problems: z.array(problemSchema) })
  .openapi("SpecDocument");

export const scaleBodySchema = z.strictObject({ replicas: z.int().min(0).max(100) }).openapi("ScaleBody");
export const restartBodySchema = z.strictObject({ instance: name.optional() }).openapi("RestartBody");
export const restartProxyBodySchema = z.strictObject({ drainMs: milliseconds.optional() }).openapi("RestartProxyBody");

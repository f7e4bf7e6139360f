// The one schema of an app spec as it is written: types, validation and the JSON Schema of editors come from it.
// Built at its first use, because most commands never parse a spec.
import { z } from "zod";
import { faultSchema } from "./fault-schema.js";
import { gatewaySchema, headerName, retryShape, serviceRouteSchema } from "./gateway-schema.js";
import { healthSchema } from "./health-schema.js";
import { atMostOneOf, command, duration, label, list, text, wholeNumber } from "./schema-parts.js";
import { defaultSettings, type SettingName } from "./settings.js";

export const maxServices = 1000;

const environment = () =>
  z.record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is no name of a variable\nuse letters, digits and `_`, not a digit first")
      .refine(
        (name) => !["PORT", "HOST"].includes(name) && !name.startsWith("TUSK_"),
        "is given to each instance by Tusk\nread it in the program; the gateway's port is `gateway.port`",
      ),
    z.union([z.string().regex(/^[^\0]*$/, "must not hold a NUL character"), z.number(), z.boolean()], {
      error: "expected text, a number, true or false\nwrite '' for an empty value, ${NAME} to pass a variable on",
    }),
  );

const slo = () =>
  z.strictObject({
    latency: duration(1).optional().meta({ description: "Objective for the percentile." }),
    percentile: z
      .number()
      .gt(0, "must be above 0")
      .lt(100, "must be below 100")
      .optional()
      .meta({ description: "Default: 95." }),
    availability: z
      .number()
      .min(0, "must be 0 to 1")
      .max(1, "must be 0 to 1\nwrite 0.999 for 99.9 %")
      .optional()
      .meta({ description: "Share of requests that must not fail. Default: 0.99." }),
  });

const trafficRetry = () =>
  z.strictObject({
    ...retryShape(),
    budgetRatio: z.number().min(0, "must be 0 to 1").max(1, "must be 0 to 1").optional(),
    budgetMinimum: wholeNumber(0, 1000).optional(),
  });

const minimumShape = (leastHosts: number) => ({
  minimumHosts: wholeNumber(leastHosts, 1000).optional(),
  minimumRequests: wholeNumber(1, 1_000_000).optional(),
});

const outlier = () =>
  z.strictObject({
    consecutiveFailures: wholeNumber(1, 1000).optional().meta({ description: "Default: 5." }),
    baseEjection: duration(1).optional().meta({ description: "First ejection, doubling. Default: 5s." }),
    maxEjection: duration(1).optional().meta({ description: "Default: 5m." }),
    consecutiveGatewayErrors: wholeNumber(1, 1000)
      .optional()
      .meta({ description: "502, 503, 504 or no answer. Default: as any failure." }),
    interval: duration(100).optional().meta({ description: "How often instances are compared. Default: 10s." }),
    failurePercentage: z
      .strictObject({
        threshold: z.number().gt(0, "must be above 0").max(100, "must be at most 100").optional(),
        ...minimumShape(2),
      })
      .optional()
      .meta({ description: "Ejects above `threshold` (85) percent of failures, from 3 instances with 50 answers." }),
    successRate: z
      .strictObject({ deviations: z.number().gt(0, "must be above 0").max(10).optional(), ...minimumShape(3) })
      .optional()
      .meta({ description: "Ejects `deviations` (1.9) below the mean, from 5 instances with 100 answers." }),
  });

const hashing = () =>
  atMostOneOf(
    z.strictObject({
      type: z.enum(["ring-hash", "maglev"]),
      header: headerName().optional().meta({ description: "Requests with the same value go to one instance." }),
      cookie: headerName().optional().meta({ description: "Requests with the same value go to one instance." }),
      source: z.literal(true).optional().meta({ description: "By the client's address. The default." }),
    }),
    ["header", "cookie", "source"],
  );

const balancer = () =>
  z.union([z.enum(["round-robin", "random", "least-request", "peak-ewma", "ring-hash", "maglev"]), hashing()], {
    error:
      "expected round-robin, random, least-request, peak-ewma, ring-hash or maglev\nring-hash and maglev may be a map: `{ type: ring-hash, header: x-user }`",
  });

const most = (description: string) => wholeNumber(0, 10_000).optional().meta({ description });

const limits = () =>
  z.strictObject({
    connections: most("Requests to one instance at a time. 0: no limit. Default: 1024."),
    pending: most("Requests that wait for an instance with room. 0: none waits. Default: 1024."),
    requests: most("Requests to the service at a time. 0: no limit. Default: 0."),
    retries: most("Requests at a time that are in a further attempt. 0: no limit. Default: 0."),
    adaptive: z
      .union(
        [
          z.boolean(),
          z.strictObject({
            min: wholeNumber(1, 10_000).optional().meta({ description: "Default: 4." }),
            max: wholeNumber(1, 10_000).optional().meta({ description: "Default: 1000." }),
            tolerance: z.number().gt(1, "must be above 1").max(100).optional().meta({ description: "Default: 2." }),
          }),
        ],
        { error: "expected `true`, `false`, or `{ min, max, tolerance }`" },
      )
      .optional()
      .meta({ description: "Requests to the service at a time, found out from its latency. Default: off." }),
  });

const breaker = () =>
  z.strictObject({
    failureRatio: z
      .number()
      .gt(0, "must be above 0")
      .max(1, "must be at most 1\nwrite 0.5 for 50 %")
      .optional()
      .meta({ description: "Share of failures that opens it. Default: 0.5." }),
    minimumRequests: wholeNumber(1, 100_000)
      .optional()
      .meta({ description: "Answers in the window below which nothing is decided. Default: 20." }),
    window: duration(100).optional().meta({ description: "Default: 10s." }),
    open: duration(1).optional().meta({ description: "How long nothing is let through, doubling. Default: 5s." }),
    maxOpen: duration(1).optional().meta({ description: "Default: 1m." }),
    ramp: duration().optional().meta({ description: "Recovery, a growing share of the requests. Default: 10s." }),
  });

const hedge = () =>
  z
    .strictObject({ after: duration(1) })
    .optional()
    .meta({ description: "A GET without an answer after so long goes to a second instance, too. Default: off." });

const subset = () =>
  z
    .strictObject({
      tags: list(text(), 16).min(1, "must name a tag").optional(),
      metadata: z.record(text(), text()).optional(),
      fallback: z
        .enum(["any", "none"])
        .optional()
        .meta({ description: "Where no usable instance is in it. Default: any." }),
    })
    .refine((value) => value.tags !== undefined || value.metadata !== undefined, "must have tags or metadata")
    .optional()
    .meta({ description: "Only instances that are registered with all of these. Default: every one." });

const zone = () =>
  z
    .union(
      [
        text(),
        z.strictObject({
          name: text(),
          minimumHealthy: z.number().min(0).max(100).optional().meta({ description: "Percent. Default: 70." }),
        }),
      ],
      { error: "expected the name of a zone, or `{ name, minimumHealthy }`" },
    )
    .optional()
    .meta({ description: "Instances of this zone first; the app's own are in it. Default: zones do not matter." });

const callTraffic = () =>
  z.strictObject({
    timeout: duration().optional().meta({ description: "The whole exchange, all attempts. 0: none." }),
    attemptTimeout: duration().optional().meta({ description: "One attempt. 0: none." }),
    retry: z
      .union([z.literal(false), z.strictObject(retryShape())], {
        error: "expected `false`, or `{ attempts, codes, backoff }`",
      })
      .optional(),
    hedge: hedge(),
    fault: faultSchema().optional(),
    subset: subset(),
  });

const traffic = () =>
  z.strictObject({
    loadBalancer: balancer().optional().meta({ description: "Default: least-request." }),
    slowStart: duration()
      .optional()
      .meta({ description: "A new instance gets a growing share for so long. Default: 0, all at once." }),
    timeout: duration().optional().meta({ description: "The whole exchange, all attempts. Default: 15s. 0: none." }),
    attemptTimeout: duration().optional().meta({ description: "One attempt. Default: none." }),
    retry: z.union([z.literal(false), trafficRetry()], { error: "expected `false`, or a map" }).optional(),
    outlier: z.union([z.literal(false), outlier()], { error: "expected `false`, or a map" }).optional(),
    limits: limits().optional().meta({ description: "Of requests at a time; each proxy worker counts its own." }),
    breaker: z
      .union([z.boolean(), breaker()], { error: "expected `true`, `false`, or a map" })
      .optional()
      .meta({ description: "Holds requests back while too many fail. Default: off." }),
    hedge: hedge(),
    fault: faultSchema().optional(),
    subset: subset(),
    zone: zone(),
    tunnelIdle: duration()
      .optional()
      .meta({ description: "A WebSocket without a word for so long is closed. 0: never. Default: 1h." }),
  });

function serviceSchema() {
  return z.strictObject({
    name: label().meta({ description: "Unique in the app." }),
    language: text().optional(),
    framework: text().optional(),
    dependencies: list(text(), 256)
      .optional()
      .meta({ description: "Libraries and backing services that its code needs." }),
    path: text().optional().meta({ description: "Folder, relative to the app's. Default: the app's folder." }),
    build: command().optional().meta({ description: "Run before the first start of a revision." }),
    setup: command().optional().meta({ description: "Run once before start: migrations." }),
    run: command().optional().meta({ description: "Starts the program, which listens on PORT." }),
    env: environment().optional().meta({ description: "Values may hold ${NAME} and ${NAME:-default}." }),
    envFiles: list(text())
      .optional()
      .meta({ description: "Relative to `path`; later ones win. `.env` is always read." }),
    calls: list(label(), maxServices)
      .optional()
      .meta({ description: "Services it calls. Not there: it may call all. []: none." }),
    callTraffic: z
      .record(label(), callTraffic())
      .optional()
      .meta({ description: "Policy of its calls to a service, in place of that service's own." }),
    startAfter: list(label(), maxServices)
      .optional()
      .meta({ description: "Services that must be ready before it starts." }),
    replicas: wholeNumber(0, 100).optional().meta({ description: "Default: 1." }),
    route: serviceRouteSchema().optional(),
    health: healthSchema().optional(),
    slo: slo().optional().meta({ description: "Objectives." }),
    traffic: traffic().optional().meta({ description: "Policy of calls to this service." }),
    stopGrace: duration().optional().meta({ description: "From SIGTERM to SIGKILL. Default: 10s." }),
    drain: duration().optional().meta({ description: "Longest wait for requests in flight. Default: 5s." }),
  });
}

function settingsSchema() {
  const flag = () =>
    z.union([z.boolean(), z.literal([0, 1]), z.enum(["true", "false", "on", "off", "0", "1"])], {
      error: "expected true or false",
    });
  const shape = Object.entries(defaultSettings).map(([name, value]) => {
    const type = typeof value === "boolean" ? flag() : text();
    return [name, type.optional().meta({ description: `Default: ${value}.` })] as const;
  });
  type Flag = ReturnType<typeof flag>;
  return z.strictObject(Object.fromEntries(shape) as Record<SettingName, z.ZodOptional<Flag | z.ZodString>>);
}

function buildAppSchema() {
  return z.strictObject({
    $schema: z.string().optional(),
    name: label().meta({ description: "Name of the app." }),
    settings: settingsSchema()
      .optional()
      .meta({ description: "Platform settings; TUSK_<NAME> in the environment wins." }),
    services: z
      .array(serviceSchema(), { error: "expected a list of services\nwrite each as `- name: ...`" })
      .max(maxServices, `must have at most ${maxServices} entries`)
      .optional(),
    gateway: gatewaySchema().optional(),
  });
}

/** An app spec as it is written, once the schema has passed it. */
export type AppFile = z.infer<ReturnType<typeof buildAppSchema>>;
export type ServiceFile = NonNullable<AppFile["services"]>[number];
export type GatewayFile = NonNullable<AppFile["gateway"]>;
export type HealthFile = NonNullable<ServiceFile["health"]>;
export type TrafficFile = NonNullable<ServiceFile["traffic"]>;
export type CallTrafficFile = NonNullable<ServiceFile["callTraffic"]>[string];
export type CommandFile = NonNullable<ServiceFile["run"]>;

let built: ReturnType<typeof buildAppSchema> | undefined;

export function appSchema(): ReturnType<typeof buildAppSchema> {
  built ??= buildAppSchema();
  return built;
}

/** The JSON Schema (draft 2020-12) for editors. */
export function appJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(appSchema(), { io: "input", unrepresentable: "any", reused: "ref" });
  return { title: "Tusk app spec", ...schema };
}

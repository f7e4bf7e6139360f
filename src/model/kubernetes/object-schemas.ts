// The Kubernetes objects that the gateway reads, as far as it reads them: Gateway API v1.6 and what it refers to. Checked
// like the API server would: a value of the wrong kind makes the object wrong, a field that is not here does not.
import { z } from "zod";
import { durationPattern } from "../duration.js";
import { once } from "../schema-parts.js";

const name = once(() =>
  z
    .string()
    .max(253, "must be at most 253 characters long")
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "is no name of a Kubernetes object"),
);
const sectionName = name;
const group = once(() => z.string().max(253));
const kind = once(() => z.string().regex(/^[A-Za-z][-A-Za-z0-9]{0,62}$/, "is no kind"));
const port = once(() => z.int().min(1, "must be 1 to 65535").max(65_535, "must be 1 to 65535"));
const duration = once(() => z.string().regex(durationPattern, "is no duration\nwrite `500ms`, `10s` or `1h30m`"));
const labels = once(() => z.record(z.string(), z.string()));
const listOf = <Item extends z.ZodType>(item: Item, max: number) =>
  z.array(item).max(max, `must have at most ${max} entries`);

const hostname = once(() =>
  z
    .string()
    .max(253, "must be at most 253 characters long")
    .regex(
      /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      "is no hostname\nwrite `shop.local` or `*.shop.local`, in lower case, without a port",
    )
    .refine((value) => !/^[\d.]+$/.test(value), "must be a name, not an address"),
);

const metadata = once(() =>
  z.object({
    name: name(),
    namespace: name().optional(),
    labels: labels().optional(),
    annotations: labels().optional(),
    creationTimestamp: z.string().optional(),
    generation: z.int().optional(),
    uid: z.string().optional(),
  }),
);

const labelSelector = once(() =>
  z.object({
    matchLabels: labels().optional(),
    matchExpressions: z
      .array(
        z.object({
          key: z.string(),
          operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
          values: z.array(z.string()).optional(),
        }),
      )
      .optional(),
  }),
);

const secretRef = once(() =>
  z.object({
    group: group().optional(),
    kind: kind().optional(),
    name: name(),
    namespace: name().optional(),
  }),
);

const listener = once(() =>
  z.object({
    name: sectionName(),
    hostname: hostname().optional(),
    port: port(),
    protocol: z.string(),
    tls: z
      .object({
        mode: z.enum(["Terminate", "Passthrough"]).optional(),
        certificateRefs: listOf(secretRef(), 64).optional(),
        options: labels().optional(),
      })
      .optional(),
    allowedRoutes: z
      .object({
        namespaces: z
          .object({
            from: z.enum(["All", "Selector", "Same", "None"]).optional(),
            selector: labelSelector().optional(),
          })
          .optional(),
        kinds: listOf(z.object({ group: group().optional(), kind: kind() }), 8).optional(),
      })
      .optional(),
  }),
);

const parentRef = once(() =>
  z.object({
    group: group().optional(),
    kind: kind().optional(),
    namespace: name().optional(),
    name: name(),
    sectionName: sectionName().optional(),
    port: port().optional(),
  }),
);

const backendRef = once(() =>
  z.object({
    group: group().optional(),
    kind: kind().optional(),
    name: z.string().min(1).max(253),
    namespace: name().optional(),
    port: port().optional(),
  }),
);

const fields = once(() => listOf(z.object({ name: z.string().min(1).max(256), value: z.string().max(4096) }), 16));
const headerEdit = once(() =>
  z.object({ set: fields().optional(), add: fields().optional(), remove: listOf(z.string(), 16).optional() }),
);

/** Empty: the root. */
const newPath = once(() =>
  z
    .string()
    .max(1024)
    .regex(
      /^(?:\/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*)?$/,
      "is no path\nbegin it with `/`, without a query",
    ),
);
const pathEdit = once(() =>
  z.discriminatedUnion("type", [
    z.object({ type: z.literal("ReplaceFullPath"), replaceFullPath: newPath() }),
    z.object({ type: z.literal("ReplacePrefixMatch"), replacePrefixMatch: newPath() }),
  ]),
);

const filter = once(() =>
  z.object({
    type: z.string(),
    requestHeaderModifier: headerEdit().optional(),
    responseHeaderModifier: headerEdit().optional(),
    requestMirror: z
      .object({
        backendRef: backendRef(),
        percent: z.int().min(0).max(100).optional(),
        fraction: z.object({ numerator: z.int().min(0), denominator: z.int().min(1).optional() }).optional(),
      })
      .optional(),
    requestRedirect: z
      .object({
        scheme: z.enum(["http", "https"]).optional(),
        hostname: hostname().optional(),
        path: pathEdit().optional(),
        port: port().optional(),
        statusCode: z
          .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)], {
            error: "must be 301, 302, 303, 307 or 308",
          })
          .optional(),
      })
      .optional(),
    urlRewrite: z.object({ hostname: hostname().optional(), path: pathEdit().optional() }).optional(),
    cors: z
      .object({
        allowOrigins: listOf(z.string().max(253), 64).optional(),
        allowCredentials: z.boolean().optional(),
        allowMethods: listOf(z.string(), 9).optional(),
        allowHeaders: listOf(z.string(), 64).optional(),
        exposeHeaders: listOf(z.string(), 64).optional(),
        maxAge: z.int().min(1).optional(),
      })
      .optional(),
    extensionRef: z.object({ group: group(), kind: kind(), name: name() }).optional(),
  }),
);

const matchType = once(() => z.enum(["Exact", "RegularExpression"]));
const fieldMatch = once(() =>
  z.object({ type: matchType().optional(), name: z.string().min(1).max(256), value: z.string().min(1).max(4096) }),
);

const routeMatch = once(() =>
  z.object({
    path: z
      .object({
        type: z.enum(["Exact", "PathPrefix", "RegularExpression"]).optional(),
        value: z.string().max(1024).optional(),
      })
      .optional(),
    method: z.enum(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]).optional(),
    headers: listOf(fieldMatch(), 16).optional(),
    queryParams: listOf(fieldMatch(), 16).optional(),
  }),
);

const routeRule = once(() =>
  z.object({
    name: sectionName().optional(),
    matches: listOf(routeMatch(), 64).optional(),
    filters: listOf(filter(), 16).optional(),
    backendRefs: listOf(
      backendRef().extend({
        weight: z.int().min(0).max(1_000_000).optional(),
        filters: listOf(filter(), 16).optional(),
      }),
      16,
    ).optional(),
    timeouts: z.object({ request: duration().optional(), backendRequest: duration().optional() }).optional(),
    retry: z
      .object({
        codes: listOf(z.int().min(400).max(599), 64).optional(),
        attempts: z.int().min(0).max(100).optional(),
        backoff: duration().optional(),
      })
      .optional(),
  }),
);

const object = <Kind extends string, Parts extends z.ZodRawShape>(ofKind: Kind, parts: Parts) =>
  z.object({ apiVersion: z.string(), kind: z.literal(ofKind), metadata: metadata(), ...parts });

export const gatewayClassSchema = once(() =>
  object("GatewayClass", { spec: z.object({ controllerName: z.string(), description: z.string().optional() }) }),
);

export const gatewaySchema = once(() =>
  object("Gateway", {
    spec: z.object({
      gatewayClassName: name(),
      listeners: listOf(listener(), 64).min(1, "must have an entry"),
      addresses: listOf(z.object({ type: z.string().optional(), value: z.string().optional() }), 16).optional(),
    }),
  }),
);

export const httpRouteSchema = once(() =>
  object("HTTPRoute", {
    spec: z.object({
      parentRefs: listOf(parentRef(), 32).optional(),
      hostnames: listOf(hostname(), 16).optional(),
      rules: listOf(routeRule(), 16).optional(),
    }),
  }),
);

export const referenceGrantSchema = once(() =>
  object("ReferenceGrant", {
    spec: z.object({
      from: listOf(z.object({ group: group(), kind: kind(), namespace: name() }), 16).min(1),
      to: listOf(z.object({ group: group(), kind: kind(), name: name().optional() }), 16).min(1),
    }),
  }),
);

export const namespaceSchema = once(() => object("Namespace", {}));

export const serviceSchema = once(() =>
  object("Service", {
    spec: z.object({
      type: z.string().optional(),
      ports: z
        .array(z.object({ name: z.string().optional(), port: port(), appProtocol: z.string().optional() }))
        .optional(),
    }),
  }),
);

export const endpointSliceSchema = once(() =>
  object("EndpointSlice", {
    addressType: z.enum(["IPv4", "IPv6", "FQDN"]),
    ports: z
      .array(z.object({ name: z.string().nullish(), port: port().nullish(), appProtocol: z.string().nullish() }))
      .nullish(),
    endpoints: listOf(
      z.object({
        addresses: z
          .array(z.string().regex(/^[0-9A-Za-z.:-]{1,253}$/, "is no address"))
          .min(1)
          .max(100),
        conditions: z
          .object({ ready: z.boolean().nullish(), serving: z.boolean().nullish(), terminating: z.boolean().nullish() })
          .optional(),
        targetRef: z.object({ name: z.string().optional(), uid: z.string().optional() }).optional(),
      }),
      1000,
    ).optional(),
  }),
);

const base64 = once(() => z.string().regex(/^[A-Za-z0-9+/\s]*={0,2}\s*$/, "is no base64"));
export const secretSchema = once(() =>
  object("Secret", { type: z.string().optional(), data: z.record(z.string(), base64()).optional() }),
);

export type GatewayClassObject = z.infer<ReturnType<typeof gatewayClassSchema>>;
export type GatewayObject = z.infer<ReturnType<typeof gatewaySchema>>;
export type HttpRouteObject = z.infer<ReturnType<typeof httpRouteSchema>>;
export type ReferenceGrantObject = z.infer<ReturnType<typeof referenceGrantSchema>>;
export type NamespaceObject = z.infer<ReturnType<typeof namespaceSchema>>;
export type ServiceObject = z.infer<ReturnType<typeof serviceSchema>>;
export type EndpointSliceObject = z.infer<ReturnType<typeof endpointSliceSchema>>;
export type SecretObject = z.infer<ReturnType<typeof secretSchema>>;

export type ListenerObject = GatewayObject["spec"]["listeners"][number];
export type ParentRef = NonNullable<HttpRouteObject["spec"]["parentRefs"]>[number];
export type RouteRuleObject = NonNullable<HttpRouteObject["spec"]["rules"]>[number];
export type RouteMatchObject = NonNullable<RouteRuleObject["matches"]>[number];
export type RouteFilterObject = NonNullable<RouteRuleObject["filters"]>[number];
export type BackendRefObject = NonNullable<RouteRuleObject["backendRefs"]>[number];
export type LabelSelector = z.infer<ReturnType<typeof labelSelector>>;

// File form of listeners and routes, in the terms of the Kubernetes Gateway API (HTTPRoute), with short forms.
import { z } from "zod";
import { accessLogFields } from "../base/access-log-fields.js";
import { faultSchema } from "./fault-schema.js";
import { filterShape, regexProblem, regexText } from "./route-filters-schema.js";
import { atMostOneOf, duration, label, list, once, port, text, wholeNumber } from "./schema-parts.js";
import { isRecord } from "./spec-path.js";
import { listenerTlsSchema } from "./tls-schema.js";

/** The limits of the Gateway API's own validation. */
const maxHostnames = 16;
const maxMatches = 64;
const maxFieldMatches = 16;
const maxBackends = 16;

const pathValue = once(() =>
  z
    .string()
    .max(1024, "must be at most 1024 characters long")
    .regex(/^\//, "must begin with `/`")
    .regex(
      /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/,
      "holds a character that no URL path has\nwrite it as %XX",
    )
    .refine((value) => !/\/\/|%2f|\/\.{1,2}(\/|$)/i.test(value), "must not hold `//`, `/./`, `/../` or `%2F`"),
);

const pathMatch = once(() =>
  z.union(
    [
      pathValue(),
      z.strictObject({ type: z.enum(["Exact", "PathPrefix"]).optional(), value: pathValue() }),
      z.strictObject({ type: z.literal("RegularExpression"), value: regexText() }),
    ],
    { error: "expected a path such as `/users`, or `{ type: Exact, value: /users }`" },
  ),
);

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

export const headerName = once(() =>
  z
    .string()
    .max(256)
    .regex(/^[A-Za-z0-9!#$%&'*+\-.^_|~]+$/, "is no header name"),
);

const fieldValue = () => z.string().min(1, "must not be empty").max(4096);

const fieldMatch = (name: z.ZodString) =>
  z
    .strictObject({ type: z.enum(["Exact", "RegularExpression"]).optional(), name, value: fieldValue() })
    .refine(({ type, value }) => type !== "RegularExpression" || regexProblem(value) === null, {
      path: ["value"],
      error: ({ input }) =>
        `cannot be used as a regular expression: ${regexProblem((input as { value: string }).value) ?? ""}`,
    });

/** The Gateway API's list, or the map that people write. */
const fieldMatches = (name: z.ZodString, example: string) =>
  z.union(
    [
      list(fieldMatch(name), maxFieldMatches),
      z
        .record(name, fieldValue())
        .refine((map) => Object.keys(map).length <= maxFieldMatches, `must have at most ${maxFieldMatches} entries`),
    ],
    { error: `expected a map such as \`{ ${example} }\`, or a list of \`{ name, value }\`` },
  );

const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] as const;

const matchShape = once(() => ({
  path: pathMatch().optional().meta({ description: "Text: a PathPrefix match. Default: every path." }),
  method: z.enum(methods).optional(),
  headers: fieldMatches(headerName(), "x-version: '2'").optional().meta({ description: "All of them." }),
  queryParams: fieldMatches(text().max(256), "version: '2'").optional().meta({ description: "All of them." }),
}));

const timeouts = once(() =>
  z.strictObject({
    request: duration().optional().meta({ description: "The whole exchange, all attempts. 0: none." }),
    backendRequest: duration().optional().meta({ description: "One attempt. 0: none." }),
  }),
);

export const retryShape = () => ({
  attempts: wholeNumber(0, 10).optional().meta({ description: "Further attempts after the first. Default: 2." }),
  codes: list(wholeNumber(400, 599)).optional().meta({ description: "Answers to try again. Default: 502, 503, 504." }),
  backoff: duration().optional().meta({ description: "First wait, doubling, with jitter. Default: 25ms." }),
});

const routeShape = once(() => ({
  name: label().optional().meta({ description: "Unique in the app." }),
  ...matchShape(),
  matches: list(z.strictObject(matchShape()), maxMatches)
    .min(1, "must have an entry")
    .optional()
    .meta({ description: "Any of them." }),
  hostnames: list(hostname(), maxHostnames).optional().meta({ description: "Default: every host." }),
  listeners: list(label()).optional().meta({ description: "Names of listeners. Default: all." }),
  timeouts: timeouts().optional(),
  retry: z
    .union([z.literal(false), z.strictObject(retryShape())], {
      error: "expected `false`, or `{ attempts, codes, backoff }`",
    })
    .optional(),
  fault: faultSchema().optional(),
  ...filterShape(),
}));

const inlineKeys = ["path", "method", "headers", "queryParams"] as const;

/** A match beside `matches` would be one of two meanings. */
function withoutTwoMatches<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>) {
  const clash = (value: object): boolean => "matches" in value && inlineKeys.some((key) => key in value);
  return schema.refine((value) => !clash(value), {
    error: "`matches` excludes path, method, headers and queryParams beside it\nmove them into an entry of `matches`",
    when: (payload) => typeof payload.value === "object" && payload.value !== null,
  });
}

function leadsSomewhere<Schema extends z.ZodType>(schema: Schema) {
  const leads = (value: unknown): boolean => isRecord(value) && ("backendRefs" in value || "redirect" in value);
  return schema.refine(leads, { error: "`backendRefs` is missing", when: ({ value }) => isRecord(value) });
}

/** `route` of a service: its backend is the service itself. */
export function serviceRouteSchema() {
  const one = z.union([pathValue(), withoutTwoMatches(z.strictObject(routeShape()))], {
    error: "expected a path such as `/users`, or a route",
  });
  return z
    .union([one, list(one).min(1, "must have an entry")], {
      error: "expected a path such as `/users`, a route, or a list of them",
    })
    .meta({ description: "What the gateway sends to this service. Text: a PathPrefix match that strips nothing." });
}

const backendRef = () =>
  z.union([label(), z.strictObject({ name: label(), weight: wholeNumber(0, 1_000_000).optional() })], {
    error: "expected the name of a service, or `{ name, weight }`",
  });

const parentRef = () =>
  z.union([label(), z.strictObject({ name: label().optional(), sectionName: label().optional() })], {
    error: "expected the name of a listener, or `{ sectionName }`",
  });

const gatewayRoute = () => {
  const shape = {
    ...routeShape(),
    parentRefs: list(parentRef()).optional().meta({ description: "As `listeners`, in the Gateway API's form." }),
    backendRefs: list(backendRef(), maxBackends)
      .min(1, "must name a service")
      .optional()
      .meta({ description: "Needed, but for a redirect." }),
  };
  return leadsSomewhere(withoutTwoMatches(atMostOneOf(z.strictObject(shape), ["listeners", "parentRefs"])));
};

const address = () =>
  z.string().regex(/^[A-Za-z0-9.:_-]+$/, "is no address\nwrite `127.0.0.1`, `0.0.0.0`, `::1` or `localhost`");

const listenerShape = once(() => ({
  host: address().optional().meta({ description: "Address to listen on. Default: 127.0.0.1." }),
  port: port().optional().meta({ description: "0 takes any free port. Default: 8080." }),
  hostname: hostname().optional().meta({ description: "Only requests for this host." }),
  tls: listenerTlsSchema().optional(),
}));

const accessLog = () =>
  z
    .union(
      [
        z.boolean(),
        z.strictObject({
          sample: z
            .number()
            .gt(0, "must be above 0")
            .max(1, "must be at most 1")
            .optional()
            .meta({ description: "Share of the requests; answers of 500 and above are always written. Default: 1." }),
          fields: list(z.enum(accessLogFields))
            .min(1, "must name a field")
            .optional()
            .meta({ description: "Default: all." }),
          query: z
            .boolean()
            .optional()
            .meta({ description: "The path with its query, which may hold secrets. Default: false." }),
        }),
      ],
      { error: "expected `true`, `false`, or `{ sample, fields, query }`" },
    )
    .optional()
    .meta({ description: "One line of JSON for each request, in .tusk/logs. Default: off." });

export function gatewaySchema() {
  return z
    .strictObject({
      ...listenerShape(),
      listeners: list(z.strictObject({ name: label().optional(), ...listenerShape() }))
        .min(1, "must have an entry")
        .optional()
        .meta({ description: "Instead of host, port, hostname and tls, when there is more than one." }),
      workers: wholeNumber(1, 64).optional().meta({
        description: "Proxy workers, which serve gateway and mesh; counts and limits are each one's own. Default: 1.",
      }),
      accessLog: accessLog(),
      routes: list(gatewayRoute(), 1000)
        .optional()
        .meta({ description: "HTTPRoute rules; `route` of a service is the short form." }),
    })
    .refine((value) => !("listeners" in value && ["host", "port", "hostname", "tls"].some((key) => key in value)), {
      error: "`listeners` excludes host, port, hostname and tls beside it\nmove them into an entry of `listeners`",
      when: (payload) => typeof payload.value === "object" && payload.value !== null,
    })
    .meta({ description: "The way in from outside." });
}

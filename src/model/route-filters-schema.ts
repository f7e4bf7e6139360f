// File form of what a route does to a request and its answer: short forms of the Gateway API's filters.
import { z } from "zod";
import { isFieldValue, mayBeEdited } from "../base/field-names.js";
import { compileRegex } from "../base/regex/linear-regex.js";
import { atMostOneOf, label, list, once, wholeNumber } from "./schema-parts.js";

const maxFields = 16;

export const regexText = once(() =>
  z
    .string()
    .max(1024, "must be at most 1024 characters long")
    .refine((value) => regexProblem(value) === null, {
      error: ({ input }) => `cannot be used as a regular expression: ${regexProblem(String(input)) ?? ""}`,
    }),
);

/** Null: it can be used. */
export function regexProblem(source: string): string | null {
  const compiled = compileRegex(source);
  return compiled.ok ? null : compiled.problem;
}

const headerName = once(() =>
  z.string().refine(mayBeEdited, "is no header that a filter may change\nframing, hop-by-hop fields and Host are not"),
);
const headerValues = once(() =>
  z
    .record(headerName(), z.string().refine(isFieldValue, "is no header value"))
    .refine((value) => Object.keys(value).length <= maxFields, `must have at most ${maxFields} entries`),
);

const headerEdit = once(() =>
  z.strictObject({
    set: headerValues().optional().meta({ description: "In place of what is there." }),
    add: headerValues().optional().meta({ description: "Beside what is there." }),
    remove: list(headerName(), maxFields).optional(),
  }),
);

const newPath = once(() =>
  z
    .string()
    .max(1024)
    .regex(/^\/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/, "is no path\nbegin it with `/`, without a query"),
);
const newHost = once(() =>
  z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "is no hostname\nwrite it in lower case, without a port"),
);

const pathEdit = once(() => ({
  path: newPath().optional().meta({ description: "The whole path." }),
  prefix: newPath().optional().meta({ description: "In place of the prefix that the route matched." }),
}));

const redirect = once(() =>
  atMostOneOf(
    z.strictObject({
      scheme: z.enum(["http", "https"]).optional(),
      hostname: newHost().optional(),
      port: wholeNumber(1, 65_535).optional(),
      ...pathEdit(),
      status: z
        .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)], {
          error: "must be 301, 302, 303, 307 or 308",
        })
        .optional()
        .meta({ description: "Default: 302." }),
    }),
    ["path", "prefix"],
  ),
);

const rewrite = once(() =>
  z.union(
    [newPath(), atMostOneOf(z.strictObject({ hostname: newHost().optional(), ...pathEdit() }), ["path", "prefix"])],
    {
      error: "expected the new prefix, or `{ hostname, path or prefix }`",
    },
  ),
);

const oneMirror = once(() => {
  const share = z.number().min(0, "must be 0 to 100").max(100, "must be 0 to 100");
  return z.union([label(), z.strictObject({ service: label(), percent: share.optional() })], {
    error: "expected the name of a service, or `{ service, percent }`",
  });
});

const origin = once(() =>
  z
    .string()
    .max(253)
    .regex(/^(?:\*|[a-z][a-z0-9+.-]*:\/\/(?:\*\.?)?[^\s/*]+)$/, "is no origin\nwrite `https://shop.example`, or `*`"),
);
const token = once(() => z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/, "is no name of a method or header"));

const cors = once(() => {
  const origins = list(origin()).min(1, "must name an origin");
  const shape = {
    allowOrigins: origins,
    allowMethods: list(token()).optional().meta({ description: "`*`: every one." }),
    allowHeaders: list(token()).optional().meta({ description: "`*`: every one." }),
    exposeHeaders: list(token()).optional(),
    allowCredentials: z.boolean().optional().meta({ description: "Default: false." }),
    maxAge: wholeNumber(0, 86_400).optional().meta({ description: "Seconds. Default: 5." }),
  };
  return z.union([origins, z.strictObject(shape)], { error: "expected a list of origins, or `{ allowOrigins, … }`" });
});

export const filterShape = once(() => ({
  requestHeaders: headerEdit().optional().meta({ description: "Changes the request's headers." }),
  responseHeaders: headerEdit().optional().meta({ description: "Changes the answer's headers." }),
  redirect: redirect().optional().meta({ description: "Sends the client elsewhere." }),
  rewrite: rewrite().optional().meta({ description: "Text: in place of the prefix that the route matched." }),
  mirror: z
    .union([oneMirror(), list(oneMirror(), maxFields)], {
      error: "expected a service, `{ service, percent }`, or a list",
    })
    .optional()
    .meta({ description: "Services that get a copy." }),
  cors: cors().optional().meta({ description: "Which origins' pages may read the answers." }),
}));

export type FiltersFile = z.infer<z.ZodObject<ReturnType<typeof filterShape>>>;

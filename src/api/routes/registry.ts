// Discovery over HTTP: who serves a name, told again at every change; and registration of what Tusk does not run.
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { TuskError } from "../../base/errors.js";
import { type ApiContext, answer, createRouter, jsonBody, lines } from "../context.js";
import { doneSchema, endLineSchema, heartbeatLineSchema, nameParam } from "../schemas/common.js";
import {
  heartbeatBodySchema,
  registeredInstanceSchema,
  registrationSchema,
  registryLineSchema,
} from "../schemas/registry.js";

const idParam = z.object({ id: z.string().min(1).max(1_024) });

const names = createRoute({
  method: "get",
  path: "/v1/registry/services",
  summary: "Names of services that have instances.",
  responses: answer(z.array(z.string()).readonly(), "The names."),
});

const lookup = createRoute({
  method: "get",
  path: "/v1/registry/services/{name}",
  summary: "Instances of a service that may be called.",
  request: {
    params: nameParam,
    query: z.object({
      tag: z
        .union([z.string(), z.array(z.string())])
        .optional()
        .openapi({ description: "All given must be there." }),
      all: z.enum(["true", "false"]).optional().openapi({ description: "Also those that are starting or critical." }),
    }),
  },
  responses: answer(z.array(registeredInstanceSchema).readonly(), "The instances."),
});

const watch = createRoute({
  method: "get",
  path: "/v1/registry/services/{name}/watch",
  summary: "All instances of a service (`*`: of every service), then each change. `index` counts the lines.",
  request: { params: nameParam },
  responses: lines(z.union([registryLineSchema, heartbeatLineSchema, endLineSchema]), "One JSON document a line."),
});

const register = createRoute({
  method: "post",
  path: "/v1/registry/instances",
  summary: "Adds or replaces an external instance.",
  request: jsonBody(registrationSchema),
  responses: answer(registeredInstanceSchema, "As it is registered now."),
});

const heartbeat = createRoute({
  method: "put",
  path: "/v1/registry/instances/{id}/heartbeat",
  summary: "Keeps an instance with a TTL alive; may say how it is.",
  request: { params: idParam, ...jsonBody(heartbeatBodySchema, false) },
  responses: answer(registeredInstanceSchema, "As it is registered now."),
});

const deregister = createRoute({
  method: "delete",
  path: "/v1/registry/instances/{id}",
  summary: "Removes an external instance.",
  request: { params: idParam },
  responses: answer(doneSchema, "Removed."),
});

export function createRegistryRouter({ control, streams }: ApiContext): OpenAPIHono {
  const router = createRouter();
  router.openapi(names, (context) => context.json(control.registryServices(), 200));
  router.openapi(lookup, (context) => {
    const { tag = [], all } = context.req.valid("query");
    const tags = typeof tag === "string" ? [tag] : tag;
    const found = control.lookup(context.req.valid("param").name, { tags, healthyOnly: all !== "true" });
    return context.json(found, 200);
  });
  router.openapi(watch, (context) =>
    streams.respond((sink) => {
      const { name } = context.req.valid("param");
      let index = 0;
      const services = name === "*" ? control.registryServices() : [name];
      const instances = services.flatMap((service) => control.lookup(service, { healthyOnly: false }));
      sink.push({ type: "snapshot", index, instances });
      return control.watchRegistry(name, (change) => sink.push({ ...change, index: ++index }));
    }),
  );
  router.openapi(register, (context) => context.json(control.register(context.req.valid("json")), 200));
  router.openapi(heartbeat, (context) =>
    context.json(control.heartbeat(context.req.valid("param").id, context.req.valid("json")), 200),
  );
  router.openapi(deregister, (context) => {
    const { id } = context.req.valid("param");
    if (!control.deregister(id)) throw new TuskError("NOT_FOUND", `no registered instance has the id "${id}"`);
    return context.json({ done: true as const }, 200);
  });
  return router;
}

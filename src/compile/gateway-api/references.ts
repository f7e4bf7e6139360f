// References from one object to another: whether they may be, and what they lead to.
import type { BackendRefObject } from "../../model/kubernetes/object-schemas.js";
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";
import type { Failure } from "./conditions.js";
import type { ObjectSet } from "./object-set.js";
import { namespaceOf } from "./object-set.js";

export const gatewayGroup = "gateway.networking.k8s.io";

interface Place {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/** Within a namespace always; into another one only as a ReferenceGrant there says. */
export function isPermitted(set: ObjectSet, from: Place, to: Place & { readonly name: string }): boolean {
  if (from.namespace === to.namespace) return true;
  const grants = set.list("ReferenceGrant").filter((grant) => namespaceOf(grant) === to.namespace);
  return grants.some(
    ({ object: { spec } }) =>
      spec.from.some(
        ({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace,
      ) &&
      spec.to.some(
        ({ group, kind, name }) =>
          group === to.group && kind === to.kind && (name === undefined || name === "" || name === to.name),
      ),
  );
}

export type ResolvedBackend =
  | { readonly ok: true; readonly cluster: string; readonly service: LoadedObject<"Service">; readonly port: number }
  | { readonly ok: false; readonly cluster: string; readonly failure: Failure };

/** A Service and one of its ports. */
export function resolveBackend(
  set: ObjectSet,
  ref: Pick<BackendRefObject, "group" | "kind" | "name" | "namespace" | "port">,
  routeNamespace: string,
): ResolvedBackend {
  const { group = "", kind = "Service", name, namespace = routeNamespace, port = 0 } = ref;
  const cluster = `${namespace}/${name}:${port}`;
  const fail = (reason: string, message: string): ResolvedBackend => ({
    ok: false,
    cluster,
    failure: { reason, message },
  });
  if (group !== "" || kind !== "Service") {
    return fail("InvalidKind", `backend ${namespace}/${name} is a ${kind}, and only a Service can be one`);
  }
  const from = { group: gatewayGroup, kind: "HTTPRoute", namespace: routeNamespace };
  if (!isPermitted(set, from, { group, kind, namespace, name })) {
    return fail(
      "RefNotPermitted",
      `no ReferenceGrant in ${namespace} lets HTTPRoutes of ${routeNamespace} use ${name}`,
    );
  }
  const service = set.find("Service", `${namespace}/${name}`);
  if (!service || service.object.spec.type === "ExternalName") {
    return fail("BackendNotFound", `there is no Service ${namespace}/${name}${service ? " with endpoints" : ""}`);
  }
  const found = service.object.spec.ports?.find((candidate) => candidate.port === port);
  if (!found) return fail("BackendNotFound", `Service ${namespace}/${name} has no port ${port}`);
  if (!isSpoken(found.appProtocol)) {
    return fail("UnsupportedProtocol", `port ${port} of Service ${namespace}/${name} speaks ${found.appProtocol}`);
  }
  return { ok: true, cluster, service, port };
}

/** HTTP/1.1, and what upgrades from it. */
function isSpoken(appProtocol: string | undefined): boolean {
  return appProtocol === undefined || /^(http|kubernetes\.io\/ws)$/i.test(appProtocol);
}

// Which listeners each HTTPRoute is on, and why it is not on others.
import type { ParentRef } from "../../model/kubernetes/object-schemas.js";
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";
import { servedHostnames } from "../hostnames.js";
import type { Failure } from "./conditions.js";
import { allowsNamespace, type GatewayState, type ListenerState, serves } from "./gateways.js";
import { nameOf, namespaceOf, type ObjectSet } from "./object-set.js";
import { gatewayGroup } from "./references.js";
import { type CompiledRule, compileRule } from "./route-rules.js";

export interface RouteState {
  readonly route: LoadedObject<"HTTPRoute">;
  readonly rules: readonly CompiledRule[];
  /** One for each parent that is one of our Gateways. */
  readonly parents: readonly ParentState[];
}

export interface ParentState {
  readonly ref: ParentRef;
  readonly attachments: readonly Attachment[];
  /** Accepted: False. */
  readonly rejected: readonly Failure[];
}

export interface Attachment {
  readonly listener: ListenerState;
  /** Of the route on this listener; empty: every host. */
  readonly hostnames: readonly string[];
}

/** Oldest first. */
export function attachRoutes(set: ObjectSet, gateways: readonly GatewayState[]): RouteState[] {
  const byName = new Map(gateways.map((state) => [nameOf(state.gateway), state]));
  return set.list("HTTPRoute").flatMap((route) => {
    const namespace = namespaceOf(route);
    const parents = (route.object.spec.parentRefs ?? []).flatMap((ref) => {
      const gateway = isGatewayRef(ref) ? byName.get(`${ref.namespace ?? namespace}/${ref.name}`) : undefined;
      return gateway ? [attach(set, route, ref, gateway)] : [];
    });
    if (parents.length === 0) return [];
    const rules = (route.object.spec.rules ?? [{}]).map((rule) => compileRule(set, rule, namespace));
    return [{ route, rules, parents }];
  });
}

function isGatewayRef({ group = gatewayGroup, kind = "Gateway" }: ParentRef): boolean {
  return group === gatewayGroup && kind === "Gateway";
}

function attach(set: ObjectSet, route: LoadedObject<"HTTPRoute">, ref: ParentRef, gateway: GatewayState): ParentState {
  const named = gateway.listeners.filter(
    ({ spec }) => (ref.sectionName ?? spec.name) === spec.name && (ref.port ?? spec.port) === spec.port,
  );
  const namespace = namespaceOf(route);
  const allowed = named.filter(
    ({ spec, kinds }) => kinds.includes("HTTPRoute") && allowsNamespace(set, gateway, spec, namespace),
  );
  const attachments = allowed.flatMap((listener) => {
    const hostnames = servedHostnames(listener.spec.hostname, route.object.spec.hostnames ?? []);
    return hostnames === null || !serves(listener) ? [] : [{ listener, hostnames }];
  });
  return { ref, attachments, rejected: attachments.length > 0 ? [] : [failureOf(ref, named, allowed)] };
}

function failureOf(ref: ParentRef, named: readonly ListenerState[], allowed: readonly ListenerState[]): Failure {
  const { name, sectionName, port } = ref;
  if (named.length === 0) {
    const wanted = [sectionName, port === undefined ? undefined : `port ${port}`].filter(Boolean).join(" on ");
    return { reason: "NoMatchingParent", message: `Gateway ${name} has no listener ${wanted}` };
  }
  if (allowed.length === 0) {
    return {
      reason: "NotAllowedByListeners",
      message: `no listener of Gateway ${name} allows routes of this namespace`,
    };
  }
  if (!allowed.some(serves)) {
    return { reason: "NoMatchingParent", message: `no listener of Gateway ${name} that it could be on is served` };
  }
  return { reason: "NoMatchingListenerHostname", message: `no listener of Gateway ${name} has a hostname in common` };
}

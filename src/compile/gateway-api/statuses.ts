// The status of every object that is ours, as a controller in a cluster would write it: conditions with the reasons of
// the Gateway API. Pure; times and generations are handed in.
import type { LoadedObject } from "../../model/kubernetes/parse-objects.js";
import type { ParentState, RouteState } from "./attach-routes.js";
import type { CompiledGateway } from "./compile-gateway-api.js";
import { type Condition, conditionOf, type Failure } from "./conditions.js";
import { controllerName, type GatewayState, type ListenerState, serves } from "./gateways.js";
import { nameOf, namespaceOf } from "./object-set.js";
import { gatewayGroup } from "./references.js";

export interface ObjectStatus {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status: unknown;
}

export interface WrittenCondition extends Condition {
  readonly observedGeneration: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

export interface StatusContext {
  readonly generationOf: (loaded: LoadedObject) => number;
  /** When a condition of this object, in this place, got its status. */
  readonly timeOf: (place: string, condition: Condition) => string;
}

export function toStatuses(compiled: CompiledGateway, context: StatusContext): ObjectStatus[] {
  const writer = new StatusWriter(compiled, context);
  return [
    ...compiled.classes.map((loaded) => writer.classStatus(loaded)),
    ...compiled.gateways.map((state) => writer.gatewayStatus(state)),
    ...compiled.routes.map((state) => writer.routeStatus(state)),
  ];
}

class StatusWriter {
  readonly #compiled: CompiledGateway;
  readonly #context: StatusContext;

  constructor(compiled: CompiledGateway, context: StatusContext) {
    this.#compiled = compiled;
    this.#context = context;
  }

  classStatus(loaded: LoadedObject<"GatewayClass">): ObjectStatus {
    return toStatus(loaded, { conditions: this.#write(loaded, "", [conditionOf("Accepted", "Accepted", [])]) });
  }

  gatewayStatus(state: GatewayState): ObjectStatus {
    const { gateway, addresses, failures, listeners } = state;
    const unserved = listeners.filter((listener) => !serves(listener) || listener.unresolved.length > 0);
    const accepted = conditionOf("Accepted", unserved.length > 0 ? "ListenersNotValid" : "Accepted", failures);
    const nothing = { reason: "Invalid", message: "no listener is served" };
    const invalid = listeners.some(serves) && addresses.length > 0 ? [] : [nothing];
    const programmed = conditionOf("Programmed", "Programmed", invalid);
    return toStatus(gateway, {
      addresses: addresses.map((value) => ({ type: "IPAddress", value })),
      conditions: this.#write(gateway, "", [accepted, programmed]),
      listeners: listeners.map((listener) => ({
        name: listener.spec.name,
        supportedKinds: listener.kinds.map((kind) => ({ group: gatewayGroup, kind })),
        attachedRoutes: this.#attachedRoutes(listener),
        conditions: this.#write(gateway, listener.spec.name, listenerConditions(listener)),
      })),
    });
  }

  routeStatus({ route, rules, parents }: RouteState): ObjectStatus {
    const unsupported = rules.flatMap((rule) => rule.unsupported);
    const unresolved = rules.flatMap((rule) => rule.unresolved);
    const whole = !rules.some((rule) => rule.served);
    return toStatus(route, {
      parents: parents.map((parent, index) => ({
        parentRef: withDefaults(parent, namespaceOf(route)),
        controllerName,
        conditions: this.#write(route, String(index), [
          conditionOf("Accepted", "Accepted", [...parent.rejected, ...(whole ? unsupported : [])]),
          conditionOf("ResolvedRefs", "ResolvedRefs", unresolved),
          ...(!whole && unsupported.length > 0 ? [partiallyInvalid(unsupported)] : []),
        ]),
      })),
    });
  }

  #attachedRoutes({ section }: ListenerState): number {
    const isOn = ({ parents }: RouteState): boolean =>
      parents.some(({ attachments }) => attachments.some(({ listener }) => listener.section === section));
    return this.#compiled.routes.filter(isOn).length;
  }

  #write(loaded: LoadedObject, part: string, conditions: readonly Condition[]): WrittenCondition[] {
    const observedGeneration = this.#context.generationOf(loaded);
    const place = `${loaded.object.kind} ${nameOf(loaded)} ${part}`;
    return conditions.map((condition) => ({
      ...condition,
      observedGeneration,
      lastTransitionTime: this.#context.timeOf(place, condition),
    }));
  }
}

/** A plan is in force as a whole, or the one before it is: what is served is programmed. */
function listenerConditions(listener: ListenerState): Condition[] {
  const { rejected, conflicts, unresolved } = listener;
  const [conflict] = conflicts;
  const conflicted: Condition = conflict
    ? { type: "Conflicted", status: "True", reason: conflict.reason, message: conflict.message }
    : { type: "Conflicted", status: "False", reason: "NoConflicts", message: "" };
  const invalid = serves(listener) ? [] : [{ reason: "Invalid", message: "it is not served" }];
  return [
    conditionOf("Accepted", "Accepted", [...rejected, ...conflicts]),
    conditionOf("Programmed", "Programmed", invalid),
    conditionOf("ResolvedRefs", "ResolvedRefs", unresolved),
    conflicted,
  ];
}

function partiallyInvalid(failures: readonly Failure[]): Condition {
  const message = `dropped, or answered 500: ${[...new Set(failures.map((failure) => failure.message))].join("; ")}`;
  return { type: "PartiallyInvalid", status: "True", reason: failures[0]?.reason ?? "UnsupportedValue", message };
}

/** As the API server would have completed it. */
function withDefaults({ ref }: ParentState, namespace: string): object {
  return { group: gatewayGroup, kind: "Gateway", namespace, ...ref };
}

function toStatus(loaded: LoadedObject, status: unknown): ObjectStatus {
  const { apiVersion, kind, metadata } = loaded.object;
  const namespaced = kind !== "GatewayClass";
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name, ...(namespaced ? { namespace: namespaceOf(loaded) } : {}) },
    status,
  };
}

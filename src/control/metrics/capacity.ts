// What each service may use, as FUJSEN asks for it: from the spec, and from the machine where the spec sets no limit. Pure.
import type { Capacity, ServiceCapacity } from "../../fujsen/metrics-row.js";
import type { AppSpec, ServiceSpec } from "../../model/app-spec.js";
import type { Machine } from "../../system/machine.js";

/** One process of these runs its code on all cores; one of Python or Node.js on one, which FUJSEN assumes of the rest. */
const threaded: ReadonlySet<string> = new Set(["go", "java", "rust"]);

export function toCapacity({ services }: Pick<AppSpec, "services">, machine: Machine): Capacity {
  return {
    machineCores: machine.cores,
    services: Object.fromEntries(services.map((service) => [service.name, capacityOf(service, machine)])),
  };
}

function capacityOf({ language, traffic }: ServiceSpec, { cores, memoryBytes }: Machine): ServiceCapacity {
  return {
    memoryBytes,
    ...(language !== undefined && threaded.has(language) ? { cpuCores: cores } : {}),
    ...(traffic.requestTimeoutMs > 0 ? { timeoutMs: traffic.requestTimeoutMs } : {}),
  };
}

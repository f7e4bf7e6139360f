// Makes the running system have a service: puts its entry into the desired spec and waits until what is desired serves.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { InstanceStatus, SystemStatus } from "../control/control-plane.js";
import type { ServiceInput } from "./given.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { editSpec, parseServiceEntry, withService } from "./spec-edit.js";

export interface Deployment {
  /** All instances are ready and the mesh sends to them. */
  readonly success: boolean;
  /** The service's name. */
  readonly serviceId: string;
  readonly instances: readonly InstanceStatus[];
  /** Why not; empty on success. */
  readonly reasons: readonly string[];
}

/** Beyond the startup limit: build and setup commands run before it begins, and environments are made by them. */
const preparationMs = 300_000;
const sliceMs = 1_000;

export class ServiceDeployer {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /**
   * Adds the service, or puts it in the place of the one of its name, and waits until every replica is ready: at most
   * its startup limit, and as long as its build and setup take (5 min). Does not undo what did not become ready.
   * Throws SPEC_INVALID, PORT_IN_USE, PLAN_REFUSED.
   */
  async deployService(entry: ServiceInput): Promise<Deployment> {
    const control = await this.#link.control();
    await editSpec(control, (spec) => withService(spec, parseServiceEntry(entry, spec)));
    return awaitDeployment(control, entry.name);
  }
}

export async function awaitDeployment(control: AdminClient, name: string): Promise<Deployment> {
  const ready = await becomesReady(control, name);
  const instances = await instancesOf(control, name);
  const late = instances.filter((instance) => !instance.ready).map(({ id, reason }) => `${id}: ${reason}`);
  const reasons = ready ? [] : late.length > 0 ? late : ["the workers have not acknowledged it"];
  return { success: ready, serviceId: name, instances, reasons };
}

/** Throws UNKNOWN_SERVICE. */
export async function instancesOf(control: AdminClient, name: string): Promise<readonly InstanceStatus[]> {
  const status = await control.status();
  const found = status.services.find((service) => service.name === name);
  if (found) return found.instances;
  throw new TuskError("UNKNOWN_SERVICE", `there is no service "${name}"`);
}

/** False as soon as it cannot become ready any more, or at the limit. */
async function becomesReady(control: AdminClient, name: string): Promise<boolean> {
  const { spec } = await control.spec();
  const limitMs = spec.services.find((service) => service.name === name)?.health.startupLimitMs ?? 60_000;
  const abort = new AbortController();
  const ready = waitInSlices(control, name, { timeoutMs: limitMs + preparationMs, signal: abort.signal });
  try {
    return await Promise.race([ready, failing(control, { name, limitMs, signal: abort.signal })]);
  } finally {
    abort.abort();
    // Whoever lost the race may still fail, and nobody listens any more.
    ready.catch(() => undefined);
  }
}

/** Short ones, so that a wait that nobody needs any more ends soon. */
async function waitInSlices(
  control: AdminClient,
  name: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!signal.aborted && performance.now() < deadline) {
    if (await control.waitReady({ services: [name], timeoutMs: sliceMs })) return true;
  }
  return false;
}

interface Watched {
  readonly name: string;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Resolves false when an instance failed for good or was not ready within the limit of its start; else never. */
async function failing(control: AdminClient, { name, limitMs, signal }: Watched): Promise<false> {
  const begun = new Map<string, number>();
  try {
    for await (const status of control.watchStatus(signal)) {
      const instances = ownOf(status, name);
      if (instances.some(({ phase }) => phase === "failed")) return false;
      for (const { id, phase } of instances)
        if (phase !== "waiting" && !begun.has(id)) begun.set(id, performance.now());
      const over = instances.some(
        ({ id, ready }) => !ready && performance.now() - (begun.get(id) ?? Infinity) > limitMs,
      );
      if (over) return false;
    }
  } catch {
    // The stream may end with the connection; the wait beside it decides and reports a lost controller.
  }
  return new Promise(() => {});
}

function ownOf(status: SystemStatus, name: string): readonly InstanceStatus[] {
  return status.services.find((service) => service.name === name)?.instances ?? [];
}

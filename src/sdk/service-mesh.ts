// The mesh's single calls. Each changes the one spec where it is given something, and measures what is in force. These
// throw TuskError.
import type { AdminClient } from "../api/client.js";
import { messageOf } from "../base/errors.js";
import type { MeshProbe } from "../control/control-plane.js";
import type { ServiceSpec } from "../model/app-spec.js";
import type { ServiceInput } from "./given.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import type { Tried } from "./service-discovery.js";
import { settingIsOn } from "./settings-in-force.js";
import { editSpec, parseServiceEntry } from "./spec-edit.js";

/** What tusk.yaml takes under a service's `traffic`. */
export type TrafficPolicy = NonNullable<ServiceInput["traffic"]>;

export interface MeshConfig {
  /** Policy of calls to each service, by its name. Default: what the spec says. */
  readonly traffic?: Readonly<Record<string, TrafficPolicy>>;
  /** Which services each may call, by the caller's name. Default: what the spec says. */
  readonly calls?: Readonly<Record<string, readonly string[]>>;
}

const fine: Tried = { ok: true, reason: "" };
const not = (reason: string): Tried => ({ ok: false, reason });
const acknowledgeMs = 10_000;

export class ServiceMesh {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /** Did every worker acknowledge a plan with a new listener, and serve it? Works without a service, too. */
  async initialize(_config: MeshConfig = {}): Promise<Tried> {
    return this.#probed(({ workers, allowedStatus }) => {
      if (workers === 0) return "there is no proxy worker";
      return allowedStatus === 204 || `a call through a new listener was answered ${allowedStatus}`;
    });
  }

  /** Sets the policies that are given; ready when every worker runs them. Throws SPEC_INVALID, UNKNOWN_SERVICE. */
  async setupTrafficManagement({ traffic = {} }: MeshConfig = {}): Promise<Tried> {
    const control = await this.#link.control();
    if (!(await settingIsOn(control, "SERVICE_MESH_ENABLED"))) return not("SERVICE_MESH_ENABLED is off");
    await setTraffic(control, traffic);
    const acknowledged = await control.waitReady({ services: [], timeoutMs: acknowledgeMs });
    return acknowledged ? fine : not("the workers have not acknowledged the plan");
  }

  /** Sets who may call whom, as far as it is given; then a call that is denied must be refused and another pass. */
  async setupSecurityPolicies({ calls = {} }: MeshConfig = {}): Promise<Tried> {
    const control = await this.#link.control();
    await setCalls(control, calls);
    return this.#probed(({ allowedStatus, deniedStatus }) => {
      if (allowedStatus !== 204) return `a call that is allowed was answered ${allowedStatus}`;
      return deniedStatus === 403 || `a call that is denied was answered ${deniedStatus}`;
    });
  }

  /** Were two calls that were just made counted by the workers? */
  async setupObservability(): Promise<Tried> {
    const control = await this.#link.control();
    if (!(await settingIsOn(control, "MONITORING_ENABLED"))) return not("MONITORING_ENABLED is off: nothing is kept");
    return this.#probed(({ counted }) => counted || "calls that were just made are not in the workers' counts");
  }

  async #probed(judge: (probe: MeshProbe) => true | string): Promise<Tried> {
    const control = await this.#link.control();
    try {
      const verdict = judge(await control.probeMesh());
      return verdict === true ? fine : not(verdict);
    } catch (error) {
      // That the mesh cannot be tried is the answer, not a failure of the question.
      return not(messageOf(error));
    }
  }
}

/** Throws SPEC_INVALID with every problem; then no policy has changed. */
export async function setTraffic(
  control: AdminClient,
  traffic: Readonly<Record<string, TrafficPolicy>>,
): Promise<void> {
  await editServices(control, Object.keys(traffic), (service, parse) => {
    const policy = traffic[service.name];
    return policy === undefined ? service : { ...service, traffic: parse({ traffic: policy }).traffic };
  });
}

async function setCalls(control: AdminClient, calls: Readonly<Record<string, readonly string[]>>): Promise<void> {
  await editServices(control, Object.keys(calls), (service, parse) => {
    const names = calls[service.name];
    return names === undefined ? service : { ...service, calls: parse({ calls: [...names] }).calls };
  });
}

type Parse = (part: Partial<ServiceInput>) => ServiceSpec;

async function editServices(
  control: AdminClient,
  names: readonly string[],
  edit: (service: ServiceSpec, parse: Parse) => ServiceSpec,
): Promise<void> {
  if (names.length === 0) return;
  // Throws for one that is not there.
  for (const name of names) await control.explainService(name);
  await editSpec(control, (spec) => ({
    ...spec,
    services: spec.services.map((service) =>
      edit(service, (part) => parseServiceEntry({ name: service.name, run: "true", ...part }, spec).service),
    ),
  }));
}

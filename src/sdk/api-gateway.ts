// The gateway's single calls: listeners bound, its metrics arriving. These throw TuskError.
import { request } from "undici";
import type { AdminClient } from "../api/client.js";
import type { GatewayInput } from "./given.js";
import { PlatformLink, type PlatformOptions } from "./platform.js";
import { gatewayProblem } from "./route-manager.js";
import { settingIsOn } from "./settings-in-force.js";
import { editSpec, parseGatewayEntry, withRoutes } from "./spec-edit.js";

/** What tusk.yaml takes under `gateway`: `host`, `port`, `hostname`, or `listeners`; `routes`, `workers`, `accessLog`. */
export type GatewayConfig = GatewayInput;

export interface GatewaySetup {
  /** Every listener of the spec is bound and served by the workers. */
  readonly initialized: boolean;
  /** Why not; empty when initialized. */
  readonly reason: string;
  /** `http://127.0.0.1:8080`, one for each listener. */
  readonly urls: readonly string[];
}

export interface GatewayMonitoring {
  /** A request that was just made was counted and is among the recorded ones. */
  readonly active: boolean;
  /** Why not; empty when active. */
  readonly reason: string;
}

const probeLimitMs = 5_000;

export class APIGateway {
  readonly #link: PlatformLink;

  constructor(options: PlatformOptions = {}) {
    this.#link = new PlatformLink(options);
  }

  /**
   * Makes the gateway's listeners those of `config`; without `listeners`, `port` or `host` those that are there stay,
   * and where none is, 127.0.0.1:8080 is taken. Throws SPEC_INVALID, PORT_IN_USE: then nothing has changed.
   */
  async initialize(config: GatewayConfig = {}): Promise<GatewaySetup> {
    const control = await this.#link.control();
    const names = ["host", "port", "hostname", "listeners"] as const;
    await editSpec(control, (spec) => {
      const given = parseGatewayEntry(config, spec);
      const gateway = withRoutes(spec.gateway, { ...given, listeners: [] });
      const says = names.some((name) => config[name] !== undefined);
      const listeners = says || spec.gateway.listeners.length === 0 ? given.listeners : spec.gateway.listeners;
      return { ...spec, gateway: { ...gateway, listeners } };
    });
    const reason = (await offReason(control)) ?? (await gatewayProblem(control)) ?? "";
    const { gateway } = await control.status();
    return { initialized: reason === "", reason, urls: gateway.map(({ url }) => url) };
  }

  /** Makes one request that the gateway answers itself, and looks for it in the counts and among the recorded requests. */
  async setupMonitoring(): Promise<GatewayMonitoring> {
    const control = await this.#link.control();
    const reason = await monitoringProblem(control);
    return { active: reason === null, reason: reason ?? "" };
  }
}

async function offReason(control: AdminClient): Promise<string | null> {
  return (await settingIsOn(control, "API_GATEWAY_ENABLED"))
    ? null
    : "API_GATEWAY_ENABLED is off: there is no listener";
}

async function monitoringProblem(control: AdminClient): Promise<string | null> {
  if (!(await settingIsOn(control, "MONITORING_ENABLED"))) return "MONITORING_ENABLED is off: nothing is measured";
  const { gateway } = await control.status();
  const url = gateway[0]?.url;
  if (url === undefined) return "the gateway listens nowhere";
  const before = await gatewayRequests(control);
  // No name has a space in it, so the gateway refuses it before any route is looked at: it reaches no service.
  const answer = await request(url, { headers: { host: "tusk probe" }, headersTimeout: probeLimitMs });
  await answer.body.dump();
  if ((await gatewayRequests(control)) <= before) return "the workers did not count a request that was just made";
  const recorded = await control.explainRecorded(String(answer.headers["x-request-id"] ?? ""));
  return recorded.length > 0 ? null : "the workers do not know what became of a request that was just made";
}

/** Requests that came in through the gateway, as the workers count them. */
async function gatewayRequests(control: AdminClient): Promise<number> {
  const lines = (await control.data.prometheus()).split("\n");
  const counts = lines.filter((line) => /^tusk_requests_total\{[^}]*caller="gateway"/.test(line));
  return counts.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

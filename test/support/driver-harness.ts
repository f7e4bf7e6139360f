// A process driver in a temporary folder with small programs to run, for tests with real processes.
// `close` ends everything that carries this harness' app key, whatever the test did.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventDraft } from "../../src/base/event.js";
import { findLeftovers, stopLeftovers } from "../../src/orchestrator/leftovers.js";
import type { InstanceView } from "../../src/orchestrator/orchestrator.js";
import { createPortLeases } from "../../src/orchestrator/port-leases.js";
import {
  createProcessDriver,
  type ProcessDriver,
  type ProcessDriverOptions,
} from "../../src/orchestrator/process-driver.js";
import type { ProbePlan, ServiceProcessPlan } from "../../src/plan/process-plan.js";
import { systemClock, systemRng } from "../../src/system/clock.js";
import { eventually } from "./eventually.js";

/** Programs by name. Each listens on PORT and answers with its own pid, unless its purpose is not to. */
const programs: Record<string, string> = {
  "server.js": `
    const server = require("node:http").createServer((request, response) => response.end(String(process.pid)));
    server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening", process.pid));
    console.error("to stderr");`,
  "stubborn.js": `
    process.on("SIGTERM", () => console.log("not now"));
    require("node:http").createServer((q, r) => r.end(String(process.pid))).listen(Number(process.env.PORT), "127.0.0.1");`,
  "elsewhere.js": `
    require("node:http").createServer((q, r) => r.end()).listen(0, "127.0.0.1");`,
  "crash.js": `console.log("about to fail"); process.exit(3);`,
};

export const tcpProbe: ProbePlan = {
  check: { kind: "tcp" },
  periodMs: 10_000,
  timeoutMs: 1000,
  successThreshold: 1,
  failureThreshold: 3,
};

let count = 0;

export class DriverHarness {
  readonly root = mkdtempSync(join(tmpdir(), "tusk-driver-"));
  readonly appKey = `test${process.pid}x${count++}`;
  readonly stateFolder = join(this.root, "app", ".tusk");
  readonly logsFolder = join(this.stateFolder, "logs");
  readonly events: EventDraft[] = [];
  readonly drained: InstanceView[] = [];
  readonly #drivers: ProcessDriver[] = [];

  constructor() {
    for (const [name, text] of Object.entries(programs)) this.write(name, text);
  }

  write(name: string, text: string): string {
    const path = join(this.root, name);
    writeFileSync(path, text);
    return path;
  }

  driver(options: Partial<ProcessDriverOptions> = {}): ProcessDriver {
    const { appKey, stateFolder, logsFolder } = this;
    const leases = createPortLeases({
      stateFolder,
      claimsFolder: join(this.root, "claims"),
      appFolder: join(this.root, "app"),
    });
    const driver = createProcessDriver({
      appKey,
      stateFolder,
      logsFolder,
      leases,
      clock: systemClock,
      rng: systemRng,
      emit: (event) => this.events.push(event),
      drain: async (instance) => void this.drained.push(instance),
      monitoring: () => false,
      ...options,
    });
    this.#drivers.push(driver);
    return driver;
  }

  plan(over: Partial<ServiceProcessPlan> = {}): ServiceProcessPlan {
    return {
      service: "users",
      revision: 1,
      hash: "a",
      cwd: this.root,
      run: { kind: "exec", argv: [process.execPath, "server.js"] },
      env: { PATH: process.env.PATH ?? "" },
      directUrls: {},
      replicas: 1,
      startAfter: [],
      probes: { startup: tcpProbe, startupLimitMs: 60_000, readiness: tcpProbe },
      drainMs: 2000,
      stopGraceMs: 5000,
      ...over,
    };
  }

  apply(driver: ProcessDriver, ...services: readonly Partial<ServiceProcessPlan>[]): void {
    driver.apply({ format: 1, app: "test", services: services.map((service) => this.plan(service)) });
  }

  /** The instance, once it satisfies the condition. */
  async until(
    driver: ProcessDriver,
    id: string,
    condition: (view: InstanceView) => boolean = (view) => view.ready,
  ): Promise<InstanceView & { readonly process: NonNullable<InstanceView["process"]> }> {
    const what = `${id}: ${condition}`;
    return eventually(
      () => {
        const view = driver.instances.get().get(id);
        return view && condition(view)
          ? (view as InstanceView & { process: NonNullable<InstanceView["process"]> })
          : null;
      },
      { what },
    );
  }

  kinds(instance?: string): string[] {
    return this.events.filter((event) => !instance || event.instance === instance).map((event) => event.kind);
  }

  messages(kind: string): string[] {
    return this.events.filter((event) => event.kind === kind).map((event) => event.message);
  }

  log(name: string): string {
    return readFileSync(join(this.logsFolder, `${name}.log`), "utf8");
  }

  records(): string {
    return readFileSync(join(this.stateFolder, "instances.json"), "utf8");
  }

  async close(): Promise<void> {
    for (const driver of this.#drivers) await driver.detach();
    await stopLeftovers(findLeftovers(this.appKey), { clock: systemClock, graceMs: 0 });
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Body of a GET; null when nothing answers. */
export function fetchText(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port, agent: false, timeout: 5000 }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve(body));
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(null));
  });
}

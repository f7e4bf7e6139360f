// A test app in a temporary folder, run by the built command line as a user would run it, and cleaned up whatever
// becomes of the test. Speaks only the public surface: commands, their --json, and the gateway.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { ProcessEntry, RouteStatus, SystemStatus } from "../../src/control/control-plane.js";
import { appFolderAt } from "../../src/system/app-folder.js";
import { listeningInodes } from "../../src/system/proc.js";
import { endAppProcesses, type FoundProcess, findAppProcesses, markName } from "./app-processes.js";
import { type CommandResult, runCommand } from "./command.js";
import { eventually } from "./eventually.js";
import { freePort } from "./free-port.js";
import { type HttpAnswer, httpGet } from "./http-get.js";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const program = join(repository, "dist/src/cli/main.js");
const shop = join(repository, "test/fixtures/shop");

export type InstanceRow = SystemStatus["services"][number]["instances"][number];

export interface AppOptions {
  /** The text of tusk.yaml, given the gateway's port. Default: the shop of two programs. */
  readonly spec?: (gatewayPort: number) => string;
  /** More files, by path relative to the folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
}

/** The two-program app: users in Node on two instances, orders in Python calling it. `users` is added to users' entry. */
export function shopSpec(gatewayPort: number, users = ""): string {
  return `name: shop
services:
  - { name: users, path: ./users, run: node server.js, replicas: 2, route: /users${users === "" ? "" : `, ${users}`} }
  - { name: orders, path: ./orders, run: [python3, server.py], route: /orders, calls: [users] }
gateway: { port: ${gatewayPort} }
`;
}

/** Makes the folder; starts nothing. Cleans up when the test ends. */
export async function createApp(t: TestContext, options: AppOptions = {}): Promise<TestApp> {
  const gatewayPort = await freePort();
  const app = new TestApp(gatewayPort, options);
  t.after(() => app.dispose());
  return app;
}

export class TestApp {
  readonly folder: string;
  readonly gatewayPort: number;
  readonly mark: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #ports = new Set<number>();

  constructor(gatewayPort: number, options: AppOptions) {
    this.gatewayPort = gatewayPort;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "tusk-e2e-")));
    this.mark = this.folder;
    this.#env = { ...plainEnvironment(), [markName]: this.mark, ...options.env };
    this.#ports.add(gatewayPort);
    cpSync(shop, this.folder, { recursive: true });
    for (const [path, text] of Object.entries(options.files ?? {})) this.write(path, text);
    this.write("tusk.yaml", (options.spec ?? shopSpec)(gatewayPort));
  }

  get state(): string {
    return join(this.folder, ".tusk");
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  /** Runs `tusk …` and returns whatever it did. */
  tusk(...args: string[]): Promise<CommandResult> {
    return this.tuskIn(this.folder, ...args);
  }

  /** The same in another folder. */
  tuskIn(cwd: string, ...args: string[]): Promise<CommandResult> {
    return runCommand([process.execPath, program, ...args], { cwd, env: this.#env });
  }

  /** Runs `tusk …`, which must end with 0. */
  async run(...args: string[]): Promise<CommandResult> {
    const result = await this.tusk(...args);
    assert.equal(result.code, 0, `tusk ${args.join(" ")} ended with ${result.code}\n${result.stdout}${result.stderr}`);
    return result;
  }

  /** Runs `tusk … --json`, which must end with 0 and print one JSON value. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout } = await this.run(...args, "--json");
    try {
      return JSON.parse(stdout) as T;
    } catch (error) {
      throw new Error(`tusk ${args.join(" ")} --json printed no JSON: ${stdout.slice(0, 2000)}`, { cause: error });
    }
  }

  /** Starts everything and returns when all of it is ready. */
  async up(): Promise<SystemStatus> {
    await this.run("up", "-d", "--wait");
    const { ports } = await this.routes();
    for (const port of ports) this.#ports.add(port);
    return this.ps();
  }

  async ps(): Promise<SystemStatus> {
    const status = await this.json<SystemStatus>("ps");
    for (const service of status.services)
      for (const { port } of service.instances) if (port !== null) this.#ports.add(port);
    return status;
  }

  async routes(): Promise<{ readonly routes: readonly RouteStatus[]; readonly ports: readonly number[] }> {
    const answer = await this.json<readonly RouteStatus[] | { readonly routes: readonly RouteStatus[] }>("routes");
    const routes = "routes" in answer ? answer.routes : answer;
    return { routes, ports: routes.map((route) => Number(new URL(route.url).port)) };
  }

  async processes(): Promise<readonly ProcessEntry[]> {
    return (await this.json<{ readonly processes: readonly ProcessEntry[] }>("doctor")).processes;
  }

  async pids(role: ProcessEntry["role"]): Promise<readonly number[]> {
    const entries = await this.processes();
    return entries.filter((entry) => entry.role === role).map((entry) => entry.pid);
  }

  /** Instances of a service; fails when there is no such service. */
  async instances(service: string): Promise<readonly InstanceRow[]> {
    const found = (await this.ps()).services.find(({ name }) => name === service);
    assert.ok(found, `no service ${service} in ps`);
    return found.instances;
  }

  /** Waits until a service has exactly this many instances and all are passing. */
  ready(service: string, count: number, timeoutMs = 30_000): Promise<readonly InstanceRow[]> {
    const look = async () => {
      const instances = await this.instances(service);
      return instances.length === count && instances.every(isReady) ? instances : null;
    };
    return eventually(look, {
      what: `${service} has ${count} ready instances`,
      timeoutMs,
      everyMs: 100,
      retryErrors: true,
    });
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.gatewayPort}${path}`;
  }

  get(path: string): Promise<HttpAnswer> {
    return httpGet(this.url(path));
  }

  found(): readonly FoundProcess[] {
    return findAppProcesses(this);
  }

  down(): Promise<CommandResult> {
    return this.run("down");
  }

  /** After `tusk down`: no process, no listening port, no file that speaks of a process or socket that is gone. */
  async assertNothingLeft(): Promise<void> {
    await eventually(() => this.found().length === 0, { timeoutMs: 1000 }).catch(() => {
      assert.fail(`processes are left:\n${describe(this.found())}`);
    });
    const held = [...this.#ports].filter((port) => listeningInodes(port).size > 0);
    assert.deepEqual(held, [], "ports are still listened on");
    const { files, runtime } = appFolderAt(this.folder);
    for (const stale of [files.controller, files.lock]) assert.ok(!existsSync(stale), `${stale} is left`);
    const sockets = existsSync(runtime) ? readdirSync(runtime, { recursive: true }) : [];
    assert.deepEqual(sockets, [], `files are left in ${runtime}`);
  }

  /** Ends and removes whatever is there, whether or not the test passed. */
  async dispose(): Promise<void> {
    const running = this.found().length > 0;
    // When this fails the processes are ended below; the test has failed already or will say why.
    if (running) await this.tusk("down").catch(() => undefined);
    endAppProcesses(this);
    rmSync(appFolderAt(this.folder).runtime, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function isReady(instance: InstanceRow): boolean {
  return instance.pid !== null && instance.health === "passing";
}

function describe(found: readonly FoundProcess[]): string {
  return found.map(({ identity, parentPid, command }) => `${identity.pid} (parent ${parentPid}) ${command}`).join("\n");
}

// Neither settings of the machine nor of the test runner may change what a drill shows.
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TUSK_|NODE_|npm_)/.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: "1" };
}

/// <reference lib="esnext.disposable" preserve="true" />
// The way from a program to a running system: the controller inside this process, or one that runs already. Every class
// of the SDK works through the admin API of a platform, so that `tusk ps` and other programs see the same.
import { type AdminClient, createAdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import type { MicroservicesIntelligence } from "../fujsen/engine.js";
import type { Settings } from "../model/settings.js";
import { type AppFolder, appFolderAt, readController, readToken } from "../system/app-folder.js";
import { systemClock, systemRng } from "../system/clock.js";
import { TuskConfig } from "./config.js";
import { type EmbeddedController, startEmbedded } from "./embedded.js";
import { decideOn, type IntelligenceHost, setIntelligenceHost } from "./intelligence.js";
import { closeAtProgramEnd } from "./program-end.js";

export interface PlatformConfig {
  /** App folder. Default: the working directory. */
  readonly folder?: string;
  /** Settings in code; tusk.yaml and the environment win over them. Default: the documented defaults. */
  readonly settings?: TuskConfig | Partial<Settings>;
  /** Default: this process'. What the services inherit, and where TUSK_<NAME> is looked up. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What happens to a platform in this process when the program ends at SIGINT or SIGTERM without a handler of its own,
   *  or because it has nothing left to do. Default false: it is closed first; true: everything runs on. */
  readonly detachOnExit?: boolean;
}

export interface ConnectOptions {
  /** App folder, whose token is used. Default: the working directory. */
  readonly folder?: string;
  /** Token of the admin API. Default: the one in the app folder. */
  readonly token?: string;
}

/** What every class of the SDK takes. */
export interface PlatformOptions {
  /** Default: the process's default platform, which the first call starts in the working directory. */
  readonly platform?: TuskMicroservices;
}

let shared: Promise<TuskMicroservices> | null = null;

export class TuskMicroservices {
  readonly control: AdminClient;
  readonly folder: AppFolder;
  /** Address of the admin API. */
  readonly url: string;
  /** Where decisions of FUJSEN that are made on this platform go: into its TuskDB. Spans have no store yet. */
  readonly intelligence: IntelligenceHost;
  readonly #embedded: EmbeddedController | null;
  #closed = false;
  /** This platform is closed by hand: the program's end has nothing to close. */
  #forgetAtEnd = (): void => {};

  private constructor(folder: AppFolder, url: string, token: string, embedded: EmbeddedController | null) {
    this.folder = folder;
    this.url = url;
    this.control = createAdminClient({ url, token });
    this.#embedded = embedded;
    const { data } = this.control;
    this.intelligence = {
      clock: systemClock,
      rng: systemRng,
      recordDecisions: (decisions) => data.recordDecisions(decisions),
      recordSpan: () => {},
    };
  }

  /** The controller runs in this process. */
  get isEmbedded(): boolean {
    return this.#embedded !== null;
  }

  /**
   * Runs the controller in this process, with keeper and workers as processes beside it; connects instead when a
   * controller for the folder runs already. What a former program left running is adopted. The first platform of a
   * process becomes its default. A program that ends at a signal closes it first, see `detachOnExit`. Throws TuskError:
   * SPEC_INVALID, TIMEOUT, KEEPER_LOST.
   */
  static async start(config: PlatformConfig = {}): Promise<TuskMicroservices> {
    const starting = TuskMicroservices.#start(config);
    const detach = config.detachOnExit === true;
    // From the beginning: a program may be interrupted while its services start.
    const { forget } = closeAtProgramEnd(async () => (await starting).close({ detach }));
    try {
      const platform = await starting;
      if (platform.isEmbedded) platform.#forgetAtEnd = forget;
      else forget();
      return platform;
    } catch (error) {
      forget();
      throw error;
    }
  }

  static async #start(config: PlatformConfig): Promise<TuskMicroservices> {
    const folder = appFolderAt(config.folder ?? process.cwd());
    const { settings = {}, environment = process.env } = config;
    const codeSettings = settings instanceof TuskConfig ? settings.toSettings() : settings;
    const embedded = await startEmbedded({ folder, codeSettings, environment });
    const platform = embedded
      ? new TuskMicroservices(folder, embedded.url, requireToken(folder), embedded)
      : await TuskMicroservices.connect(undefined, { folder: folder.root });
    becomeDefault(platform);
    return platform;
  }

  /** Connects to a running controller: at `url`, else that of the app folder. Throws NOT_RUNNING, UNREACHABLE, UNAUTHORIZED. */
  static async connect(url?: string, options: ConnectOptions = {}): Promise<TuskMicroservices> {
    const folder = appFolderAt(options.folder ?? process.cwd());
    const address = url ?? readController(folder)?.url;
    if (address === undefined) {
      throw new TuskError("NOT_RUNNING", `no controller runs for the app in ${folder.root}`, {
        hint: "`tusk up` or TuskMicroservices.start() starts one",
      });
    }
    const platform = new TuskMicroservices(folder, address, options.token ?? requireToken(folder), null);
    await platform.control.status();
    becomeDefault(platform);
    return platform;
  }

  /** The process's default platform; the first call starts it in the working directory. */
  static default(): Promise<TuskMicroservices> {
    if (shared) return shared;
    const starting = TuskMicroservices.start();
    shared = starting;
    // The next call tries again.
    starting.catch(() => {
      if (shared === starting) shared = null;
    });
    return starting;
  }

  /**
   * A platform in this process drains and stops every service, worker and socket; with `detach` it lets go of them, and
   * they run on until the next start adopts them. A connected one is only disconnected from. A second call does nothing.
   */
  async close({ detach = false }: { readonly detach?: boolean } = {}): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#forgetAtEnd();
    await forgetDefault(this);
    if (!this.#embedded) return;
    await (detach ? this.#embedded.detach() : this.#embedded.stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function becomeDefault(platform: TuskMicroservices): void {
  if (shared) return;
  shared = Promise.resolve(platform);
  setIntelligenceHost(platform.intelligence);
}

async function forgetDefault(platform: TuskMicroservices): Promise<void> {
  const current = shared;
  // One that did not start is nobody's.
  const settled = await current?.catch(() => null);
  if (settled !== platform || shared !== current) return;
  shared = null;
  setIntelligenceHost(null);
}

function requireToken(folder: AppFolder): string {
  const token = readToken(folder);
  if (token !== null) return token;
  throw new TuskError("UNAUTHORIZED", `there is no token in ${folder.files.token}`, {
    hint: "give the app folder, or the token itself, to connect()",
  });
}

/** Undefined: the default one is meant. Null: what was given cannot be read, or is no options. */
function platformOf(options: unknown): unknown {
  if (options === undefined) return undefined;
  if (typeof options !== "object") return null;
  try {
    return (options as PlatformOptions).platform;
  } catch {
    // A getter of the caller's threw, or the options are null; the call that needs the platform says so.
    return null;
  }
}

function isPlatform(value: unknown): value is TuskMicroservices {
  if (value instanceof TuskMicroservices) return true;
  return typeof value === "object" && value !== null && "control" in value && typeof value.control === "object";
}

/** The admin API of the platform that a class was given, else of the default one. */
export class PlatformLink {
  readonly #options: PlatformOptions;

  constructor(options: PlatformOptions) {
    this.#options = options;
  }

  /** The same object for whatever works on the same platform, known before the platform has started. */
  get key(): object {
    const platform = platformOf(this.#options);
    return isPlatform(platform) ? platform : TuskMicroservices;
  }

  /** Throws REQUEST_INVALID for what is no platform: a constructor cannot say it as a value. */
  async platform(): Promise<TuskMicroservices> {
    const platform = platformOf(this.#options);
    if (platform === undefined) return TuskMicroservices.default();
    if (isPlatform(platform)) return platform;
    throw new TuskError("REQUEST_INVALID", "the class was made with a `platform` that is none", {
      hint: "give { platform: await TuskMicroservices.start() }, or nothing for the default one",
    });
  }

  async control(): Promise<AdminClient> {
    return (await this.platform()).control;
  }

  /** Runs pure decisions of FUJSEN and has each recorded. That one could not be stored fails nothing. */
  async decide<T>(work: (fujsen: MicroservicesIntelligence) => T): Promise<T> {
    const { intelligence: host } = await this.platform();
    return decideOn(host, work);
  }
}

// The demo from start to end: a system in a folder of its own, traffic, a table, and nothing left behind. It succeeds
// only when every part of it did.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { TuskMicroservices } from "tusklang";
import { MicroservicesTuskDBIntegration, ServiceManager } from "tusklang/microservices";
import type { AppConfig, CompleteMicroservicesSystem, SystemOptions } from "../complete-microservices-system.js";
import { step } from "./progress.js";
import { makeReport, type Report, renderReport } from "./report.js";
import { sendTraffic, type Traffic } from "./traffic.js";

const help = `npm run demo -- [options]
  --keep           leave the system up until Ctrl-C
  --seconds N      how long traffic is sent; default 8
  --rate N         customers per second, five requests each; default 10
  --port N         of the gateway; default a free one
  --folder DIR     where the app is made; it is kept. Default: a temporary folder, removed at the end`;

/** The first say it all; a system that is down fails hundreds of requests. */
const shownProblems = 10;

interface DemoOptions {
  readonly keep: boolean;
  readonly seconds: number;
  readonly rate: number;
  readonly port: number;
  readonly folder: string | undefined;
}

export interface Demo {
  readonly createSystem: (options: SystemOptions) => CompleteMicroservicesSystem;
  readonly appConfig: AppConfig;
}

/** The exit code. */
export async function runDemo(demo: Demo, args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") {
    console.log(options);
    return options === help ? 0 : 2;
  }
  const folder = options.folder ? resolve(options.folder) : realpathSync(mkdtempSync(join(tmpdir(), "tusk-demo-")));
  const platform = await step("keeper, controller and proxy worker", () => TuskMicroservices.start({ folder }));
  const interrupted = new Promise<"interrupted">((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done("interrupted"));
  });
  const showing = show(demo, platform, options).catch((error) => [String(error)]);
  const problems = await Promise.race([showing, interrupted]);
  if (problems !== "interrupted" && problems.length === 0 && options.keep) await interrupted;
  const left = await stop(platform);
  return conclude(problems === "interrupted" ? ["it was interrupted"] : [...problems, ...left], folder, options);
}

function readOptions(args: readonly string[]): DemoOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        keep: { type: "boolean", default: false },
        seconds: { type: "string", default: "8" },
        rate: { type: "string", default: "10" },
        port: { type: "string", default: "0" },
        folder: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return help;
    const [seconds, rate, port] = [values.seconds, values.rate, values.port].map(Number);
    if (!(seconds && seconds > 0 && rate && rate > 0) || !Number.isInteger(port)) return `not a number\n${help}`;
    return { keep: values.keep, seconds, rate, port: port ?? 0, folder: values.folder };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n${help}`;
  }
}

/** What was not as it should be. */
async function show({ createSystem, appConfig }: Demo, platform: TuskMicroservices, options: DemoOptions) {
  const system = createSystem({ platform, gatewayPort: options.port });
  const ready = await step("discovery, mesh and gateway", () => system.initializeMicroservicesSystem());
  console.log("  the first time, the services' Python packages are downloaded, which takes a minute or two");
  const deployed = await step(`${appConfig.services.length} services created, healthy and exposed`, () =>
    system.deployMicroservicesApplication(appConfig),
  );
  const problems = [...ready.failures, ...deployed.failures, ...falseFields(ready), ...falseFields(deployed)];
  if (problems.length > 0) return problems;
  const [gateway] = (await platform.control.status()).gateway;
  if (!gateway) return ["the gateway listens nowhere"];
  const { seconds, rate } = options;
  const traffic = await step(`traffic through ${gateway.url}`, () => sendTraffic({ url: gateway.url, seconds, rate }));
  const report = await step("measured and analysed", () => settledReport(platform, traffic));
  console.log(`\n${renderReport(report)}\n`);
  console.log(describe(traffic));
  if (options.keep)
    console.log(`\nup at ${gateway.url}; \`tusk ps\` in ${platform.folder.root} shows it; Ctrl-C stops it`);
  return [...traffic.problems, ...judge(report, traffic, appConfig)];
}

function describe({ requests, orders, payments, problems }: Traffic): string {
  const statuses = [...payments].map(([status, count]) => `${count} ${status}`).join(", ");
  return `${requests - problems.length} of ${requests} requests answered as they should be; ${orders} orders, their payments: ${statuses}`;
}

function falseFields(result: object): string[] {
  return Object.entries(result).flatMap(([field, value]) => (value === false ? [`${field} is false`] : []));
}

/** Counts arrive once a second: waits until none is under way. */
async function settledReport(platform: TuskMicroservices, { orders }: Traffic): Promise<Report> {
  const sources = {
    platform,
    serviceManager: new ServiceManager({ platform }),
    tuskdb: new MicroservicesTuskDBIntegration({ platform }),
  };
  const deadline = performance.now() + 10_000;
  for (;;) {
    const report = await makeReport(sources);
    const counted = report.lines.every(({ requests }) => requests >= orders);
    if ((counted && report.score !== null) || performance.now() > deadline) return report;
    await new Promise((done) => setTimeout(done, 200));
  }
}

function judge({ lines, score }: Report, { orders }: Traffic, { services }: AppConfig): string[] {
  const unwell = lines.filter(({ health }) => health !== "passing");
  const idle = lines.filter(({ requests }) => requests < orders);
  return [
    ...(lines.length === services.length ? [] : [`${lines.length} of ${services.length} services were measured`]),
    ...unwell.map(({ service, health }) => `${service} is ${health}`),
    ...idle.map(({ service, requests }) => `${service} counted ${requests} requests of ${orders} orders`),
    ...(orders > 0 ? [] : ["no order was placed"]),
    ...(score === null ? ["there is no performance score"] : []),
  ];
}

/** What still runs afterwards. */
async function stop(platform: TuskMicroservices): Promise<string[]> {
  const { url } = platform;
  await step("everything stopped", () => platform.close());
  const answers = await fetch(url).then(
    () => true,
    () => false,
  );
  return answers ? [`${url} still answers`] : [];
}

function conclude(problems: readonly string[], folder: string, options: DemoOptions): number {
  for (const problem of problems.slice(0, shownProblems)) console.error(`✖ ${problem}`);
  if (problems.length > shownProblems) console.error(`✖ and ${problems.length - shownProblems} more`);
  if (problems.length > 0) console.error(`what was made, and the logs, are in ${folder}`);
  else if (!options.folder) rmSync(folder, { recursive: true, force: true });
  else console.log(`what was made is in ${folder}`);
  return problems.length > 0 ? 1 : 0;
}

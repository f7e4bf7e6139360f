// The grammar of the command line: every command with its arguments, options and one line of help. What a command does
// is in commands/ and is loaded only when it runs, so that help and completion stay fast.
import { Command, InvalidArgumentError, Option, type OutputConfiguration } from "commander";
import { parseDuration } from "../model/duration.js";
import { version } from "../system/version.js";
import type { GlobalOptions, Session } from "./session.js";

/** Runs what a command does in a session made from the global options. */
export type Execute = (globals: GlobalOptions, act: (session: Session) => Promise<number>) => Promise<void>;

type Run<Args extends readonly unknown[], Options> = (
  session: Session,
  args: Args,
  options: Options,
) => Promise<number> | number;
type Load<Args extends readonly unknown[], Options> = () => Promise<{ readonly run: Run<Args, Options> }>;

export function buildProgram(execute: Execute, output: OutputConfiguration = {}): Command {
  const program = new Command("tusk")
    .description("Runs a system of microservices from one app spec.")
    .version(version, "-V, --version")
    .option("-C, --app-folder <folder>", "look for the app from this folder", ".")
    .option("--json", "print one JSON document")
    .option("-q, --quiet", "print results and errors only")
    .option("--verbose", "show stack traces of errors")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(output)
    .exitOverride();

  /** Arguments and options are typed where they are used; here the grammar below is what makes them. */
  const runs = <Args extends readonly unknown[], Options>(load: Load<Args, Options>) =>
    async function (this: Command): Promise<void> {
      const { processedArgs } = this;
      const options = this.opts<object>() as Options;
      await execute(globalsOf(program), async (session) => {
        const { run } = await load();
        return run(session, processedArgs as unknown as Args, options);
      });
    };

  program
    .command("init")
    .description("write a commented tusk.yaml for this folder")
    .action(runs(() => import("./commands/init.js")));
  program
    .command("create")
    .argument("<name>", "the service's name, e.g. user-service")
    .description("generate a service with its environment; never overwrites your files")
    .option("--language <language>", "language of the template", "python")
    .option("--framework <framework>", "framework of the template", "fastapi")
    .option("--dep <name>", "library or backing service that shapes the code; may repeat", collectNames, [])
    .option("--calls <names>", "services that it calls, e.g. users,payments", collectNames, [])
    .option("--add", "add it to tusk.yaml")
    .option("--force", "rewrite generated files that nobody has edited")
    .option("--no-install", "write the code only, without the environment")
    .action(runs(() => import("./commands/create.js")));
  program
    .command("validate")
    .argument("[file]", "spec file; default: the nearest")
    .description("check the app spec and list every problem")
    .action(runs(() => import("./commands/validate.js")));
  program
    .command("up")
    .description("start the app, or apply the spec to the running one")
    .option("-f, --file <file>", "spec file; default: the nearest")
    .option("-d, --detach", "return and leave it running")
    .option("--wait", "return when everything is ready")
    .addOption(timeoutOption("for --wait", "60s"))
    .option("-y, --yes", "apply changes to a running app without asking")
    .action(runs(() => import("./commands/up.js")));
  program
    .command("down")
    .description("drain and stop everything of the app")
    .addOption(timeoutOption("until everything must be gone", "60s"))
    .action(runs(() => import("./commands/down.js")));
  program
    .command("restart")
    .argument("[service]", "default: all")
    .option("--instance <id>", "only this instance, e.g. users-1")
    .option("--proxy", "the proxy workers instead, without a failed request")
    .addOption(
      new Option("--drain <duration>", "with --proxy: for requests in flight, e.g. 30s").argParser(parseTimeout),
    )
    .description("replace instances one after another, each successor ready first")
    .action(runs(() => import("./commands/restart.js")));
  program
    .command("ps")
    .description("show services and their instances")
    .option("-w, --watch", "show every change until Ctrl-C")
    .action(runs(() => import("./commands/ps.js")));
  program
    .command("logs")
    .argument("[name]", "service, instance, or keeper, controller, worker; default: all services")
    .description("show what instances printed; works without a controller")
    .option("-f, --follow", "go on until Ctrl-C")
    .option("-n, --tail <lines>", "last lines of each instance, or all", parseTail, 100)
    .option("--access", "the access log of the proxy workers: one line of JSON a request")
    .action(runs(() => import("./commands/logs.js")));
  program
    .command("scale")
    .argument("<name=replicas...>", "e.g. users=3 orders=2")
    .description("change the number of instances")
    .option("--wait", "return when they are ready")
    .addOption(timeoutOption("for --wait", "60s"))
    .action(runs(() => import("./commands/scale.js")));
  program
    .command("health")
    .argument("[service]", "default: all")
    .description("run the probes now")
    .action(runs(() => import("./commands/health.js")));
  program
    .command("routes")
    .description("show gateway routes, and the addresses through which services call one another")
    .action(runs(() => import("./commands/routes.js")));
  program
    .command("events")
    .description("show what happened and why")
    .option("-f, --follow", "go on until Ctrl-C")
    .option("-s, --service <service>", "only of this service")
    .option("-n, --limit <number>", "newest n", parseLimit, 50)
    .action(runs(() => import("./commands/events.js")));
  program
    .command("explain")
    .argument("<what>", "a service, a path or URL, a method before one, or the id of a request")
    .argument("[target]", "path or URL after a method")
    .description("why is a service as it is; which route and endpoint would a request take, or did one take")
    .option("-H, --header <header>", "header of the request, `name: value`; may repeat", collect, [])
    .option("--from <service>", "the request is made by this service")
    .action(runs(() => import("./commands/explain.js")));
  program
    .command("gateway")
    .description("serve Kubernetes Gateway API objects from a folder, without an app")
    .requiredOption("--config <folder>", "folder with the objects, in .yaml, .yml and .json files; changes are applied")
    .option("--status <file>", "write the objects' status conditions to this file")
    .option("--workers <number>", "worker processes", parseWorkers, 1)
    .action(runs(() => import("./commands/gateway.js")));
  program
    .command("metrics")
    .description("show what each service does now; follows on a terminal")
    .option("--once", "show it once")
    .option("--prometheus", "print the Prometheus text format")
    .action(runs(() => import("./commands/metrics.js")));
  program
    .command("analyze")
    .argument("[period]", "15m, 24h, 7d; default: 24h")
    .description("score the services over a period, with insights and recommendations")
    .action(runs(() => import("./commands/analyze.js")));
  program
    .command("db")
    .argument("<sql>", "one SQL statement")
    .description("query TuskDB; read-only unless --write")
    .option("--write", "allow a statement that changes data")
    .action(runs(() => import("./commands/db.js")));
  program
    .command("doctor")
    .description("check this machine and this app, and look for what a crash left")
    .option("--prune", "end and remove what a dead controller left")
    .action(runs(() => import("./commands/doctor.js")));
  program
    .command("version")
    .description("show the version")
    .action(runs(() => import("./commands/version.js")));
  program
    .command("completion")
    .argument("<shell>", "bash, zsh or fish")
    .description("print a completion script for a shell")
    .action(runs(() => import("./commands/completion.js")));
  program
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .action((words: string[]) =>
      execute(globalsOf(program), async (session) => {
        const { run } = await import("./commands/complete.js");
        return run(session, program, words);
      }),
    );
  return program;
}

function globalsOf(program: Command): GlobalOptions {
  const { json = false, quiet = false, verbose = false, appFolder = "." } = program.opts<Partial<GlobalOptions>>();
  return { json, quiet, verbose, appFolder };
}

function timeoutOption(what: string, byDefault: string): Option {
  return new Option("--timeout <duration>", `limit ${what}, e.g. 500ms, 30s, 2m`)
    .argParser(parseTimeout)
    .default(parseDuration(byDefault), byDefault);
}

function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError("It is no duration; write e.g. 500ms, 30s or 2m.");
  return ms;
}

function parseTail(text: string): number {
  return text === "all" ? Number.POSITIVE_INFINITY : parseCount(text, "a number of lines, or all");
}

function parseLimit(text: string): number {
  return parseCount(text, "a number");
}

function parseWorkers(text: string): number {
  const workers = parseCount(text, "a number of processes");
  if (workers < 1 || workers > 64) throw new InvalidArgumentError("It must be 1 to 64.");
  return workers;
}

function parseCount(text: string, what: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError(`It must be ${what}.`);
  return Number(text);
}

const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

const collectNames = (value: string, earlier: readonly string[]): string[] => [
  ...earlier,
  ...value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
];

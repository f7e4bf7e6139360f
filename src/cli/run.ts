// One run of the command line: parse, act, and turn whatever is thrown into words and an exit code.
import { CommanderError, type OutputConfiguration } from "commander";
import { errorCodes, TuskError } from "../base/errors.js";
import { namedAccess } from "../system/access-error.js";
import { buildProgram } from "./program.js";
import { renderError, toErrorDocument } from "./render-error.js";
import { type Io, Session } from "./session.js";
import { createStyle, wantsColour } from "./style.js";
import { checkSystem } from "./supported-system.js";

/** Never throws. Resolves to the exit code. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const output: OutputConfiguration = {
    writeOut: (text) => io.stdout.write(text),
    // What commander would print of an error is printed below, like every other error.
    writeErr: () => {},
    getOutHasColors: () => wantsColour(io.environment, io.stdout.isTTY === true),
    getOutHelpWidth: () => io.stdout.columns ?? 100,
  };
  const program = buildProgram(async (globals, act) => {
    checkSystem({ platform: process.platform, nodeVersion: process.versions.node });
    code = await act(new Session(globals, io));
  }, output);
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return report(error, argv, io);
  }
}

function report(error: unknown, argv: readonly string[], io: Io): number {
  const known = error instanceof CommanderError ? fromCommander(error) : namedAccess(error);
  if (known === null) return 0;
  const words = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : undefined);
  const options = { verbose: words.includes("--verbose") };
  if (words.includes("--json")) io.stdout.write(`${JSON.stringify(toErrorDocument(known, options), null, 2)}\n`);
  else {
    const style = createStyle(wantsColour(io.environment, io.stderr.isTTY === true));
    io.stderr.write(`${renderError(known, style, options)}\n`);
  }
  return known instanceof TuskError ? errorCodes[known.code].exit : errorCodes.INTERNAL.exit;
}

/** Null: it only printed what was asked for. */
function fromCommander(error: CommanderError): TuskError | null {
  if (error.exitCode === 0 || error.code === "commander.help") return null;
  const [first = "", ...rest] = error.message.split("\n");
  const suggestion = rest.join(" ").replace(/^\((.*)\)$/, "$1");
  const hint = suggestion === "" ? "`tusk --help` lists the commands" : suggestion;
  return new TuskError("USAGE", first.replace(/^error: /, ""), { hint });
}

#!/usr/bin/env node
// Entry of the command `tusk`. Does nothing but hand the process to run().
import { run } from "./run.js";

// The reader of a pipe left (`tusk logs | head`): there is nobody to write to and nothing to complain about.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
}

const code = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
});
// Pipes are written synchronously on Linux, so that nothing is lost; a connection kept alive must not delay the end.
process.exit(code);

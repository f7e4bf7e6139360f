// The load generator as a program of its own: options as JSON in the first argument; prints `started`, then the report
// as one line of JSON. SIGTERM ends the run early, and so does the end of its input, so that it never outlives a drill.
import { type LoadOptions, startLoad } from "./load.js";

const load = startLoad(JSON.parse(process.argv[2] ?? "{}") as LoadOptions);
process.on("SIGTERM", () => void load.stop());
process.stdin.on("end", () => void load.stop());
process.stdin.resume();
void load.started.then(() => console.log("started"));
const report = await load.done;
console.log(JSON.stringify(report));
process.stdin.pause();

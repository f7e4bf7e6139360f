// kill -9 in tests goes through here: `process.kill` takes 0 and negative numbers for whole process groups, so that a pid
// that is not known yet (0, NaN, null) would end the test run and whoever started it.
import { identify, signalProcess } from "../../src/system/proc.js";

/** kill -9 of one process; throws when it is no process or gone already, because the test then kills nothing. */
export function kill9(pid: number): void {
  const identity = pid > 1 ? identify(pid) : null;
  if (!identity || !signalProcess(identity, "SIGKILL")) throw new Error(`process ${pid} was gone before kill -9`);
}

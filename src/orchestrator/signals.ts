// Signals to the processes of one instance, and to nobody else: each is checked by pid and start time right before.
// Not kill(-group): a group's number is reused like a pid, and what is forked meanwhile is found by the next look.
import { bootId, type ProcessStat, type SignalName, signalProcess } from "../system/proc.js";

/** Returns the processes that may not be signalled, because they changed their user. */
export function signalAll(members: readonly ProcessStat[], signal: SignalName): readonly ProcessStat[] {
  return members.filter((member) => !signalOne(member, signal));
}

function signalOne(member: ProcessStat, signal: SignalName): boolean {
  try {
    signalProcess({ pid: member.pid, startTicks: member.startTicks, bootId: bootId() }, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPERM") return false;
    throw error;
  }
}

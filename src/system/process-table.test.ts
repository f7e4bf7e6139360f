import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../test/support/eventually.js";
import { kill9 } from "../../test/support/kill9.js";
import { startTagged } from "../../test/support/tagged-process.js";
import { commandLine, signalProcess } from "./proc.js";
import { ProcessTable } from "./process-table.js";

const app = `table${process.pid}`;
const tableOf = (prefix = `${app}/`): ProcessTable => new ProcessTable({ variable: "TUSK_INSTANCE", prefix });

function endAll(table: ProcessTable, tag: string): void {
  for (const { pid } of table.members(tag)) kill9(pid);
}

test("process table: finds children, daemons and children with an emptied environment", async () => {
  const tag = `${app}/all-1/n`;
  const script = "sleep 1001 & setsid sleep 1002 & env -i sleep 1003 & env -i setsid sleep 1004 & echo ok; wait";
  const started = startTagged(tag, ["sh", "-c", script]);
  await started.line();
  const table = tableOf();
  const members = await eventually(() => {
    table.refresh();
    const found = table.members(tag);
    // Until it runs its program, a new process is a copy of its parent, environment and all.
    const programs = found.filter(({ pid }) => commandLine(pid).startsWith("sleep"));
    return found.length === 5 && programs.length === 4 ? found : null;
  });
  assert.ok(members.some((member) => member.pid === started.pid));
  // The parent dies: what was known stays known, in whatever session and with whatever environment.
  started.child.kill("SIGKILL");
  await eventually(() => {
    table.refresh({ exact: true });
    return table.members(tag).length === 4;
  });
  // One that looks for the first time finds all but the one that left no trace.
  const fresh = tableOf();
  fresh.refresh({ exact: true });
  assert.equal(fresh.members(tag).length, 3);
  endAll(table, tag);
});

test("process table: another app's value is another's, also below one of ours", async () => {
  const tag = `${app}/outer-1/n`;
  const inner = `TUSK_INSTANCE=other${process.pid}/inner-1/n sleep 1001 & echo ok; wait`;
  const started = startTagged(tag, ["sh", "-c", inner]);
  await started.line();
  const table = tableOf();
  const whole = tableOf("");
  await eventually(() => {
    whole.refresh({ exact: true });
    return whole.members(`other${process.pid}/inner-1/n`).length === 1;
  });
  table.refresh({ exact: true });
  assert.deepEqual(
    table.members(tag).map((member) => member.pid),
    [started.pid],
  );
  endAll(whole, tag);
  endAll(whole, `other${process.pid}/inner-1/n`);
});

test("process table: a zombie is no member, a process that is gone is forgotten", async () => {
  const tag = `${app}/zombie-1/n`;
  const started = startTagged(tag, ["sh", "-c", "sleep 0 & exec sleep 1001"]);
  const table = tableOf();
  await eventually(() => {
    table.refresh({ exact: true });
    return table.members(tag).length === 1;
  });
  started.child.kill("SIGKILL");
  await eventually(() => {
    table.refresh();
    return table.groups().size === 0;
  });
});

test("process table: neither this process nor its ancestors are ever members", () => {
  const table = tableOf("");
  table.refresh({ exact: true });
  const pids = [...table.groups().values()].flat().map((member) => member.pid);
  assert.ok(!pids.includes(process.pid) && !pids.includes(process.ppid));
});

test("signals go to the very process alone", async () => {
  const started = startTagged(`${app}/signal-1/n`, ["sleep", "1001"]);
  const { identity } = started;
  assert.equal(signalProcess({ ...identity, startTicks: identity.startTicks - 1 }, "SIGKILL"), false);
  assert.equal(signalProcess({ ...identity, bootId: "another boot" }, "SIGKILL"), false);
  assert.equal(started.child.exitCode, null);
  assert.equal(signalProcess(identity, "SIGKILL"), true);
});

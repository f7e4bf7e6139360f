// Scripts with the whole trace: what happened on the left margin, what the supervisor decided indented below it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exit } from "./life.js";
import type { AdoptedLife, ServiceIntent } from "./service.js";
import {
  initialSupervisor,
  type SupervisorEffect,
  type SupervisorEvent,
  stepSupervisor,
  supervisorDueAt,
} from "./supervisor.js";

const thresholds = { successThreshold: 1, failureThreshold: 3 };

/** `users:2@a after=db,cache setup unprobed` */
function intentOf(text: string): ServiceIntent {
  const [head = "", ...flags] = text.split(" ");
  const [, service = "", replicas = "1", hash = "a"] = /^(\w+):(\d+)@(\w+)$/.exec(head) ?? [];
  const after = flags.find((flag) => flag.startsWith("after="))?.slice(6);
  return {
    service,
    replicas: Number(replicas),
    target: { revision: hash.charCodeAt(0) - 96, hash },
    startAfter: after ? after.split(",") : [],
    prepared: !flags.includes("setup"),
    policy: {
      probed: !flags.includes("unprobed"),
      startupLimitMs: 60_000,
      readiness: thresholds,
      liveness: thresholds,
      drainMs: flags.includes("nodrain") ? 0 : 5000,
      stopGraceMs: 10_000,
    },
  };
}

function exitOf(text = ""): Exit {
  const at = "2026-01-01T00:00:00.000Z";
  if (text === "?") return { code: null, signal: null, unknown: true, at };
  const signal = text.startsWith("SIG") ? text : null;
  return { code: signal ? null : Number(text), signal, unknown: false, at };
}

function adoptedOf(text: string): AdoptedLife {
  const [, run, service = "", number, role, hash = "", state] = /^(\d+)=(\w+)-(\d+)(\+?)@(\w+):(\w+)$/.exec(text) ?? [];
  return {
    run: Number(run),
    service,
    number: Number(number),
    role: role === "+" ? "successor" : "current",
    target: { revision: hash.charCodeAt(0) - 96, hash },
    state: state as AdoptedLife["state"],
    restarts: 0,
  };
}

function eventOf(line: string): SupervisorEvent {
  const [word = "", ...rest] = line.split(" ");
  const tail = rest.join(" ");
  const run = Number(rest[0]);
  switch (word) {
    case "apply":
      return { type: "apply", services: tail ? tail.split("; ").map(intentOf) : [] };
    case "adopt": {
      const [lives = "", services = ""] = tail.split("::");
      return {
        type: "apply",
        services: services.trim() ? services.trim().split("; ").map(intentOf) : [],
        adopted: lives.trim().split(" ").map(adoptedOf),
      };
    }
    case "restart":
      return { type: "restart", service: rest[0] ?? "", ...(rest[1] && { slot: rest[1] }) };
    case "prepared":
      return { type: "prepared", service: rest[0] ?? "", hash: rest[1] ?? "" };
    case "prepare-failed":
      return { type: "prepare-failed", service: rest[0] ?? "", hash: rest[1] ?? "", reason: "no such table" };
    case "startup":
    case "readiness":
    case "liveness":
      return { type: word, run, ok: rest[1] === "ok", detail: rest[1] === "ok" ? "200 OK" : "connection refused" };
    case "listener":
      return { type: "listener", run, state: rest[1] as "held" | "lost" | "reloading", detail: `listener ${rest[1]}` };
    case "port-taken":
      return { type: "port-taken", run, detail: "pid 7 (other) listens on its port" };
    case "exited":
      return { type: "exited", run, exit: exitOf(rest[1]) };
    case "started":
      return { type: "started", run, pid: 100 + run };
    case "drained":
    case "cleared":
      return { type: word, run };
    case "spawn-failed":
      return { type: "spawn-failed", run, reason: "no such file", transient: rest[1] === "transient" };
    case "tick":
      return { type: "tick" };
    default:
      throw new Error(`no such event: ${line}`);
  }
}

function show(effect: SupervisorEffect): string {
  switch (effect.type) {
    case "spawn":
      return `spawn ${effect.run} ${effect.slot}${effect.role === "successor" ? "+" : ""}@${effect.target.hash}`;
    case "emit":
      return `${effect.event.kind}: ${effect.event.message}`;
    case "prepare":
      return `prepare ${effect.service}@${effect.target.hash}`;
    case "revision-ready":
      return `revision-ready ${effect.service} ${effect.revision}`;
    case "slot-gone":
    case "replaced":
      return `${effect.type} ${effect.slot}`;
    case "not-replaced":
      return `not-replaced ${effect.slot}: ${effect.reason}`;
    case "promote":
      return `promote ${effect.run} ${effect.slot}`;
    default:
      return `${effect.type} ${effect.run}`;
  }
}

/** Runs the unindented lines of a script and returns it with what was decided; `+500` moves the time and ticks. */
function run(script: string): string {
  let state = initialSupervisor;
  let now = 0;
  const out: string[] = [];
  const step = (event: SupervisorEvent): void => {
    const result = stepSupervisor(state, event, now);
    state = result.state;
    for (const effect of result.effects) out.push(`  ${show(effect)}`);
  };
  for (const line of inputs(script)) {
    out.push(line);
    if (line === "due?")
      out.push(`  ${supervisorDueAt(state) === null ? "nothing" : (supervisorDueAt(state) ?? 0) - now}`);
    else if (line.startsWith("show ")) out.push(...showService(line.slice(5)));
    else if (line.startsWith("+")) {
      now += Number(line.slice(1));
      step({ type: "tick" });
    } else step(eventOf(line));
  }
  return out.join("\n");

  function showService(name: string): string[] {
    const slots = state.services.get(name)?.slots ?? [];
    return slots.map((slot) => {
      const life = slot.current;
      if (life)
        return `  ${slot.id} ${life.stage}${life.ready ? " ready" : ""} restarts=${slot.restarts}: ${life.reason}`;
      const waits = slot.rest.kind === "waiting" ? ` [${slot.rest.waitingFor.join(",")}]` : "";
      return `  ${slot.id} ${slot.rest.kind}${waits} restarts=${slot.restarts}: ${slot.rest.reason}`;
    });
  }
}

function inputs(script: string): string[] {
  const lines = script.split("\n").map((line) => line.replace(/^ {4}/, "").trimEnd());
  return lines.filter((line) => line !== "" && !line.startsWith(" "));
}

function trace(name: string, script: string): void {
  const lines = script.split("\n").map((line) => line.replace(/^ {4}/, "").trimEnd());
  const expected = lines.filter((line) => line !== "").join("\n");
  test(`supervisor: ${name}`, () => assert.equal(run(script), expected));
}

if (process.env.TUSK_PRINT_TRACES) {
  // Prints what is decided now, to be looked at and pasted: TUSK_PRINT_TRACES="apply users:1@a|+100" node …
  console.log(run(process.env.TUSK_PRINT_TRACES.split("|").join("\n")));
}

trace(
  "starts both, scales down with a drain, stops with SIGKILL after the grace period",
  `
    apply users:2@a
      spawn 1 users-1@a
      spawn 2 users-2@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    started 2
      instance.started: users-2 started as pid 102, revision 1
    startup 1 no
    due?
      60000
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    startup 2 ok
    readiness 2 ok
      instance.ready: users-2 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    show users
      users-1 running ready restarts=0: readiness probe passed: 200 OK
      users-2 running ready restarts=0: readiness probe passed: 200 OK
    due?
      nothing
    apply users:1@a
      drain 2
    drained 2
      terminate 2
    exited 2 SIGTERM
      instance.exited: users-2 ended: killed by SIGTERM
    cleared 2
      forget 2
      instance.stopped: users-2 was stopped: users is scaled to 1
      slot-gone users-2
    apply
      drain 1
    +5000
      terminate 1
    +10000
      instance.killed: users-1 did not end after SIGTERM and gets SIGKILL
      kill 1
    exited 1 SIGKILL
      instance.exited: users-1 ended: killed by SIGKILL
    cleared 1
      forget 1
      instance.stopped: users-1 was stopped: users is being stopped
      slot-gone users-1
    due?
      nothing
    `,
);

trace(
  "restarts at once, then with doubling delays, and anew after it was ready for long",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    +20000
    exited 1 1
      instance.exited: users-1 exited with code 1
      terminate 1
    cleared 1
      forget 1
      instance.restarting: users-1 is restarted now: exited with code 1
      spawn 2 users-1@a
    show users
      users-1 starting restarts=1: is being started
    started 2
      instance.started: users-1 started as pid 102, revision 1
    exited 2 127
      instance.exited: users-1 exited with code 127 (command not found)
      terminate 2
    cleared 2
      forget 2
      instance.restarting: users-1 is restarted in 1 s: exited with code 127 (command not found)
    due?
      1000
    +1000
      spawn 3 users-1@a
    exited 3 SIGKILL
      instance.exited: users-1 killed by SIGKILL
      terminate 3
    cleared 3
      forget 3
      instance.restarting: users-1 is restarted in 2 s: killed by SIGKILL
    +2000
      spawn 4 users-1@a
    exited 4 ?
      instance.exited: users-1 exited, with an exit code that nobody saw
      terminate 4
    cleared 4
      forget 4
      instance.restarting: users-1 is restarted in 4 s: exited, with an exit code that nobody saw
    +4000
      spawn 5 users-1@a
    started 5
      instance.started: users-1 started as pid 105, revision 1
    startup 5 ok
    readiness 5 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    +9999
    exited 5 1
      instance.exited: users-1 exited with code 1
      terminate 5
    cleared 5
      forget 5
      instance.restarting: users-1 is restarted in 8 s: exited with code 1
    due?
      8000
    +8000
      spawn 6 users-1@a
    started 6
      instance.started: users-1 started as pid 106, revision 1
    startup 6 ok
    readiness 6 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    +16000
    exited 6 1
      instance.exited: users-1 exited with code 1
      terminate 6
    cleared 6
      forget 6
      instance.restarting: users-1 is restarted now: exited with code 1
      spawn 7 users-1@a
    `,
);

trace(
  "not ready in time: killed and restarted with the reason",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 no
    +59999
    +1
      instance.unhealthy: users-1 is stopped: not ready within its startup limit of 60 s: startup probe: connection refused
      terminate 1
    exited 1 SIGTERM
      instance.exited: users-1 ended: killed by SIGTERM
    cleared 1
      forget 1
      instance.restarting: users-1 is restarted now: not ready within its startup limit of 60 s: startup probe: connection refused
      spawn 2 users-1@a
    show users
      users-1 starting restarts=1: is being started
    `,
);

trace(
  "liveness restarts, readiness only takes out of load balancing",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    readiness 1 no
    show users
      users-1 running ready restarts=0: readiness probe failed once: connection refused
    readiness 1 no
    readiness 1 no
      instance.unready: users-1 is out of load balancing: readiness probe failed: connection refused
    show users
      users-1 running restarts=0: readiness probe failed: connection refused
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    liveness 1 no
    liveness 1 no
    liveness 1 ok
    liveness 1 no
    liveness 1 no
    liveness 1 no
      instance.unhealthy: users-1 is stopped: liveness probe failed 3 times: connection refused
      terminate 1
    exited 1 SIGTERM
      instance.exited: users-1 ended: killed by SIGTERM
    cleared 1
      forget 1
      instance.restarting: users-1 is restarted now: liveness probe failed 3 times: connection refused
      spawn 2 users-1@a
    `,
);

trace(
  "without probes running means ready",
  `
    apply users:1@a unprobed
      spawn 1 users-1@a
    due?
      nothing
    started 1
      instance.started: users-1 started as pid 101, revision 1
      instance.ready: users-1 is ready: running; health checks are switched off
      revision-ready users 1
    show users
      users-1 running ready restarts=0: running; health checks are switched off
    `,
);

trace(
  "replaces one slot after another, make before break",
  `
    apply users:2@a
      spawn 1 users-1@a
      spawn 2 users-2@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    started 2
      instance.started: users-2 started as pid 102, revision 1
    startup 2 ok
    readiness 2 ok
      instance.ready: users-2 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    apply users:2@b
      spawn 3 users-1+@b
    started 3
      instance.started: users-1+ started as pid 103, revision 2
    startup 3 ok
    readiness 3 ok
      instance.ready: users-1+ is ready: readiness probe passed: 200 OK
      drain 1
    drained 1
      terminate 1
    exited 1 0
      instance.exited: users-1 ended: exited with code 0
    cleared 1
      forget 1
      instance.stopped: users-1 was stopped: its successor is ready
      promote 3 users-1
      instance.replaced: users-1 was replaced by a process of revision 2
      replaced users-1
      spawn 4 users-2+@b
    started 4
      instance.started: users-2+ started as pid 104, revision 2
    startup 4 ok
    readiness 4 ok
      instance.ready: users-2+ is ready: readiness probe passed: 200 OK
      drain 2
    drained 2
      terminate 2
    cleared 2
      forget 2
      instance.stopped: users-2 was stopped: its successor is ready
      promote 4 users-2
      instance.replaced: users-2 was replaced by a process of revision 2
      replaced users-2
      revision-ready users 2
    `,
);

trace(
  "a successor that does not become ready is given up, the old ones stay and restart as they were",
  `
    apply users:2@a
      spawn 1 users-1@a
      spawn 2 users-2@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    started 2
      instance.started: users-2 started as pid 102, revision 1
    startup 2 ok
    readiness 2 ok
      instance.ready: users-2 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    apply users:2@b
      spawn 3 users-1+@b
    started 3
      instance.started: users-1+ started as pid 103, revision 2
    startup 3 no
    +60000
      instance.unhealthy: users-1+ is stopped: not ready within its startup limit of 60 s: startup probe: connection refused
      terminate 3
    exited 3 SIGTERM
      instance.exited: users-1+ ended: killed by SIGTERM
    cleared 3
      forget 3
      not-replaced users-1: not ready within its startup limit of 60 s: startup probe: connection refused
      service.revision-refused: revision 2 of users is given up, revision 1 stays: not ready within its startup limit of 60 s: startup probe: connection refused
    show users
      users-1 running ready restarts=0: readiness probe passed: 200 OK
      users-2 running ready restarts=0: readiness probe passed: 200 OK
    apply users:2@b
    exited 2 1
      instance.exited: users-2 exited with code 1
      terminate 2
    cleared 2
      forget 2
      instance.restarting: users-2 is restarted now: exited with code 1
      spawn 4 users-2@a
    started 4
      instance.started: users-2 started as pid 104, revision 1
    startup 4 ok
    readiness 4 ok
      instance.ready: users-2 is ready: readiness probe passed: 200 OK
    restart users
      prepare users@b
    exited 5 1
    cleared 5
    `,
);

trace(
  "the current one dies while its successor starts: the successor takes over",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    apply users:1@b
      spawn 2 users-1+@b
    exited 1 1
      instance.exited: users-1 exited with code 1
      terminate 1
    cleared 1
      forget 1
      promote 2 users-1
      instance.replaced: users-1 was replaced by a process of revision 2
    started 2
      instance.started: users-1 started as pid 102, revision 2
    startup 2 ok
    readiness 2 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      replaced users-1
      revision-ready users 2
    `,
);

trace(
  "the successor dies while the current one drains: started again",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    restart users
      spawn 2 users-1+@a
    started 2
      instance.started: users-1+ started as pid 102, revision 1
    startup 2 ok
    readiness 2 ok
      instance.ready: users-1+ is ready: readiness probe passed: 200 OK
      drain 1
    exited 2 1
      instance.exited: users-1+ exited with code 1
      terminate 2
    cleared 2
      forget 2
      not-replaced users-1: exited with code 1
    drained 1
      terminate 1
    cleared 1
      forget 1
      instance.stopped: users-1 was stopped: its successor is ready
      spawn 3 users-1@a
    `,
);

trace(
  "a newer revision overtakes a successor that is starting",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    apply users:1@b
      spawn 2 users-1+@b
    apply users:1@c
      terminate 2
    cleared 2
      forget 2
      not-replaced users-1: revision 3 is wanted by now
      spawn 3 users-1+@c
    started 3
      instance.started: users-1+ started as pid 103, revision 3
    startup 3 ok
    readiness 3 ok
      instance.ready: users-1+ is ready: readiness probe passed: 200 OK
      drain 1
    cleared 1
      forget 1
      instance.stopped: users-1 was stopped: its successor is ready
      promote 3 users-1
      instance.replaced: users-1 was replaced by a process of revision 3
      replaced users-1
      revision-ready users 3
    `,
);

trace(
  "going back to the old revision ends the successor",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    apply users:1@b
      spawn 2 users-1+@b
    apply users:1@a
      terminate 2
    cleared 2
      forget 2
      not-replaced users-1: revision 1 is wanted by now
    show users
      users-1 running ready restarts=0: readiness probe passed: 200 OK
    `,
);

trace(
  "restart of one instance, with both ways to end",
  `
    apply users:2@a
      spawn 1 users-1@a
      spawn 2 users-2@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    started 2
      instance.started: users-2 started as pid 102, revision 1
    startup 2 ok
    readiness 2 ok
      instance.ready: users-2 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    restart users users-2
      spawn 3 users-2+@a
    started 3
      instance.started: users-2+ started as pid 103, revision 1
    startup 3 ok
    readiness 3 ok
      instance.ready: users-2+ is ready: readiness probe passed: 200 OK
      drain 2
    drained 2
      terminate 2
    cleared 2
      forget 2
      instance.stopped: users-2 was stopped: its successor is ready
      promote 3 users-2
      instance.replaced: users-2 was replaced by a process of revision 1
      replaced users-2
    restart users users-1
      spawn 4 users-1+@a
    spawn-failed 4
      forget 4
      not-replaced users-1: no such file
    `,
);

trace(
  "restart starts at once what waits in backoff",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    exited 1 1
      instance.exited: users-1 exited with code 1
      terminate 1
    cleared 1
      forget 1
      instance.restarting: users-1 is restarted now: exited with code 1
      spawn 2 users-1@a
    exited 2 1
      instance.exited: users-1 exited with code 1
      terminate 2
    cleared 2
      forget 2
      instance.restarting: users-1 is restarted in 1 s: exited with code 1
    due?
      1000
    restart users
      spawn 3 users-1@a
    started 3
      instance.started: users-1 started as pid 103, revision 1
    startup 3 ok
    readiness 3 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      replaced users-1
    `,
);

trace(
  "startAfter orders the first start and no restart",
  `
    apply db:1@a; users:1@a after=db; web:1@a after=users
      spawn 1 db-1@a
    show web
      web-1 waiting [users,db] restarts=0: waits for a ready instance of users
    started 1
      instance.started: db-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: db-1 is ready: readiness probe passed: 200 OK
      revision-ready db 1
      spawn 2 users-1@a
    started 2
      instance.started: users-1 started as pid 102, revision 1
    exited 1 1
      instance.exited: db-1 exited with code 1
      terminate 1
    cleared 1
      forget 1
      instance.restarting: db-1 is restarted now: exited with code 1
      spawn 3 db-1@a
    startup 2 ok
    readiness 2 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
      spawn 4 web-1@a
    exited 2 1
      instance.exited: users-1 exited with code 1
      terminate 2
    cleared 2
      forget 2
      instance.restarting: users-1 is restarted now: exited with code 1
      spawn 5 users-1@a
    `,
);

trace(
  "build and setup run once; their failure ends the start, or leaves the old revision",
  `
    apply users:1@a setup
      prepare users@a
    show users
      users-1 waiting [setup] restarts=0: its build and setup commands run
    prepare-failed users a
      service.failed: no such table
    show users
      users-1 failed restarts=0: no such table
    +100000
    apply users:1@a setup
    restart users
      prepare users@a
    prepared users a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      replaced users-1
      revision-ready users 1
    apply users:1@b setup
      prepare users@b
    prepare-failed users b
      service.revision-refused: revision 2 of users is given up, revision 1 stays: no such table
    show users
      users-1 running ready restarts=0: readiness probe passed: 200 OK
    apply users:1@c setup
      prepare users@c
    prepared users c
      spawn 2 users-1+@c
    `,
);

trace(
  "a command that cannot be spawned fails, a machine short of processes is tried again",
  `
    apply users:1@a; web:1@a
      spawn 1 users-1@a
      spawn 2 web-1@a
    spawn-failed 1
      forget 1
      instance.failed: users-1 cannot be started: no such file
    show users
      users-1 failed restarts=0: no such file
    spawn-failed 2 transient
      forget 2
      instance.restarting: web-1 is restarted now: no such file
      spawn 3 web-1@a
    show web
      web-1 starting restarts=1: is being started
    apply users:1@b; web:1@a
      spawn 4 users-1@b
    `,
);

trace(
  "the listening process is gone, or something may bring it back",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    listener 1 lost
      instance.unready: users-1 is out of load balancing: listener lost
    readiness 1 ok
    listener 1 lost
    listener 1 held
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    listener 1 reloading
      instance.unready: users-1 is out of load balancing: listener reloading
    +1000
    listener 1 reloading
    due?
      59000
    +59000
      instance.unhealthy: users-1 is stopped: nothing has listened again for 60 s: listener reloading
      terminate 1
    cleared 1
      forget 1
      instance.restarting: users-1 is restarted now: nothing has listened again for 60 s: listener reloading
      spawn 2 users-1@a
    started 2
      instance.started: users-1 started as pid 102, revision 1
    startup 2 ok
    readiness 2 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    listener 2 lost
      instance.unready: users-1 is out of load balancing: listener lost
    listener 2 lost
    listener 2 lost
      instance.unhealthy: users-1 is stopped: listener lost
      terminate 2
    `,
);

trace(
  "a foreign process on the port: another port",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    port-taken 1
      port.taken: users-1: pid 7 (other) listens on its port
      change-port 1
      instance.unhealthy: users-1 is stopped: pid 7 (other) listens on its port
      terminate 1
    cleared 1
      forget 1
      instance.restarting: users-1 is restarted now: pid 7 (other) listens on its port
      spawn 2 users-1@a
    `,
);

trace(
  "adopts what fits, ends the rest, restarts what lost its first process",
  `
    adopt 3=users-1@a:ready 4=users-2@z:ready 5=users-3@a:starting 6=gone-1@a:running 7=users-4@a:orphaned :: users:4@a
      terminate 7
      spawn 8 users-2+@a
      drain 6
    cleared 7
      forget 7
      instance.restarting: users-4 is restarted now: its first process was gone when this controller began
      spawn 9 users-4@a
    drained 6
      terminate 6
    cleared 6
      forget 6
      instance.stopped: gone-1 was stopped: gone is being stopped
      slot-gone gone-1
    started 8
      instance.started: users-2+ started as pid 108, revision 1
    startup 8 ok
    readiness 8 ok
      instance.ready: users-2+ is ready: readiness probe passed: 200 OK
      drain 4
    drained 4
      terminate 4
    cleared 4
      forget 4
      instance.stopped: users-2 was stopped: its successor is ready
      promote 8 users-2
      instance.replaced: users-2 was replaced by a process of revision 1
      replaced users-2
    show users
      users-1 running ready restarts=0: adopted from a former controller; it was ready
      users-2 running ready restarts=0: readiness probe passed: 200 OK
      users-3 starting restarts=0: adopted from a former controller; no probe has passed yet
      users-4 starting restarts=1: is being started
    `,
);

trace(
  "adopts a current one with its successor",
  `
    adopt 1=users-1@a:ready 2=users-1+@b:starting :: users:1@b
    startup 2 ok
    readiness 2 ok
      instance.ready: users-1+ is ready: readiness probe passed: 200 OK
      drain 1
    drained 1
      terminate 1
    cleared 1
      forget 1
      instance.stopped: users-1 was stopped: its successor is ready
      promote 2 users-1
      instance.replaced: users-1 was replaced by a process of revision 2
      revision-ready users 2
    `,
);

trace(
  "down without knowing anything but what is found",
  `
    adopt 1=users-1@a:ready 2=users-2@a:starting :: 
      drain 1
      drain 2
    drained 1
      terminate 1
    cleared 1
      forget 1
      instance.stopped: users-1 was stopped: users is being stopped
      slot-gone users-1
    drained 2
      terminate 2
    cleared 2
      forget 2
      instance.stopped: users-2 was stopped: users is being stopped
      slot-gone users-2
    `,
);

trace(
  "scaling down and up again while it drains",
  `
    apply users:2@a
      spawn 1 users-1@a
      spawn 2 users-2@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
    started 2
      instance.started: users-2 started as pid 102, revision 1
    startup 2 ok
    readiness 2 ok
      instance.ready: users-2 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    apply users:1@a
      drain 2
    apply users:2@a
    drained 2
      terminate 2
    cleared 2
      forget 2
      instance.stopped: users-2 was stopped: users is scaled to 1
      spawn 3 users-2@a
    `,
);

trace(
  "events of an earlier life change nothing",
  `
    apply users:1@a
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    exited 1 1
      instance.exited: users-1 exited with code 1
      terminate 1
    cleared 1
      forget 1
      instance.restarting: users-1 is restarted now: exited with code 1
      spawn 2 users-1@a
    exited 1 1
    readiness 1 no
    cleared 1
    drained 1
    `,
);

trace(
  "no drain where none is wanted",
  `
    apply users:1@a nodrain
      spawn 1 users-1@a
    started 1
      instance.started: users-1 started as pid 101, revision 1
    startup 1 ok
    readiness 1 ok
      instance.ready: users-1 is ready: readiness probe passed: 200 OK
      revision-ready users 1
    apply
      terminate 1
    cleared 1
      forget 1
      instance.stopped: users-1 was stopped: users is being stopped
      slot-gone users-1
    `,
);

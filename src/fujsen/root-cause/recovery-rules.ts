// Which recovery fits which evidence. Each rule states what must be true before, what is to be expected, what may go
// wrong and how it is taken back; the order of preference is that of the fits: undo a change first, then take out the
// broken part, then add capacity, then do with less.
import { type RecoveryProposal, type RecoveryRule, shows } from "./recovery-strategy.js";

/** Requests above the usual from which a service counts as loaded. */
const loaded = 1.2;

const rollBack: RecoveryRule = ({ change }, { earlierRevision }) => {
  if (!change || (change.kind !== "deploy" && change.kind !== "config")) return null;
  return propose(1, {
    kind: "roll-back",
    edge: null,
    why: `a ${change.kind} at ${change.at} came before it`,
    precondition: { text: "an earlier revision is kept, and its data still fits", holds: earlierRevision ?? null },
    effect: "what the change brought is gone; latency and errors return to what was usual",
    risk: "what else the change contained is gone too; a migrated schema may not fit the earlier revision",
    undo: "deploy the revision again",
  });
};

const eject: RecoveryRule = (suspect, { instances, worstInstance }) => {
  if (!shows(suspect, "slow", "failing", "network", "cpu")) return null;
  const holds = instances === undefined ? null : instances > 1 && worstInstance !== undefined;
  return propose(worstInstance === undefined ? 0.4 : 0.9, {
    kind: "eject",
    edge: null,
    why: worstInstance === undefined ? "one instance may be the cause" : `${worstInstance} is worse than its siblings`,
    precondition: { text: "one of several instances causes it, and the others can carry its load", holds },
    effect: "requests go to the other instances; the ejected one can be looked at",
    risk: "the others may be overloaded",
    undo: "end the ejection; it also ends by itself",
  });
};

const restart: RecoveryRule = (suspect) => {
  if (!shows(suspect, "memory", "cpu", "slow", "failing")) return null;
  const fit = shows(suspect, "memory") ? 0.8 : shows(suspect, "cpu") ? 0.6 : 0.5;
  return propose(fit, {
    kind: "restart",
    edge: null,
    why: shows(suspect, "memory") ? "memory grew that a restart gives back" : "state in the process may cause it",
    precondition: {
      text: "it starts within its startup limit and keeps nothing in memory that is needed",
      holds: null,
    },
    effect: "leaks, stuck threads and exhausted pools are gone, until they come again",
    risk: "requests under way are drained or lost; cold caches are slow at first; the trace of the cause is lost",
    undo: "none is needed",
  });
};

const scale: RecoveryRule = (suspect, { instances, mostInstances }) => {
  const { load } = suspect;
  if (!shows(suspect, "cpu", "slow") || (load !== null && load < loaded && !shows(suspect, "cpu"))) return null;
  const holds = instances === undefined || mostInstances === undefined ? null : instances < mostInstances;
  return propose(load !== null && load >= loaded ? 0.85 : 0.35, {
    kind: "scale",
    edge: null,
    why: load === null ? "it may lack capacity" : `it has ${load.toFixed(1)} times its usual requests`,
    precondition: { text: "there is room for more instances, and what they share is not the limit", holds },
    effect: "less load for each instance",
    risk: "a shared database or callee gets more connections and may become the limit",
    undo: "scale back to what it was",
  });
};

const shedLoad: RecoveryRule = (suspect) => {
  const { load } = suspect;
  if (load === null || load < loaded || !shows(suspect, "slow", "failing", "cpu")) return null;
  return propose(0.6, {
    kind: "shed-load",
    edge: null,
    why: `it has ${load.toFixed(1)} times its usual requests`,
    precondition: { text: "requests have priorities, or some may be refused at the gateway", holds: null },
    effect: "the requests that are let through are served in the usual time",
    risk: "some requests are refused at once with 503",
    undo: "lift the limit",
  });
};

const openBreaker: RecoveryRule = (suspect, { toleratingCallers }) => {
  if (!shows(suspect, "slow", "failing", "network")) return null;
  const [caller] = toleratingCallers ?? [];
  return propose(caller === undefined ? 0.3 : 0.7, {
    kind: "open-breaker",
    edge: caller === undefined ? null : { caller, callee: suspect.service },
    why: "callers wait for it and fail with it",
    precondition: {
      text: "its callers have an answer without it",
      holds: toleratingCallers === undefined ? null : caller !== undefined,
    },
    effect: "callers answer at once without it, and it gets time to recover",
    risk: "what it adds is missing from every answer",
    undo: "close the breaker; half-open trials close it by themselves",
  });
};

const failOver: RecoveryRule = (suspect, { alternative }) => {
  if (!shows(suspect, "network", "slow", "failing")) return null;
  return propose(shows(suspect, "network") ? 0.75 : 0.45, {
    kind: "fail-over",
    edge: null,
    why: shows(suspect, "network") ? "the network to it is slow" : "it fails where it runs",
    precondition: {
      text: "the same is served elsewhere, with data that is recent enough",
      holds: alternative === undefined ? null : true,
    },
    effect: `requests go to ${alternative ?? "the other place"}`,
    risk: "writes may be split between both places; the other one gets all the load",
    undo: "send the traffic back once both agree",
  });
};

const disableRetries: RecoveryRule = (suspect, { retryingCallers }) => {
  const { load } = suspect;
  if (!shows(suspect, "failing", "slow") || load === null || load < loaded) return null;
  const [caller] = retryingCallers ?? [];
  return propose(caller === undefined ? 0.5 : 0.65, {
    kind: "disable-retries",
    edge: caller === undefined ? null : { caller, callee: suspect.service },
    why: `it fails with ${load.toFixed(1)} times its usual requests: retries may keep it down`,
    precondition: {
      text: "its callers retry",
      holds: retryingCallers === undefined ? null : retryingCallers.length > 0,
    },
    effect: "each request reaches it once",
    risk: "errors that a retry would have hidden reach the users",
    undo: "enable retries again, with a budget",
  });
};

const propose = (fit: number, strategy: RecoveryProposal["strategy"]): RecoveryProposal => ({ fit, strategy });

export const recoveryRules: readonly RecoveryRule[] = [
  rollBack,
  eject,
  restart,
  scale,
  shedLoad,
  openBreaker,
  failOver,
  disableRetries,
];

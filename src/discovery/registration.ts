// Checks what somebody wants to register, by hand, and reports everything that is wrong with it at once.
// Input comes over the network: nothing about its shape is assumed.
import { isIP } from "node:net";
import { type Problem, TuskError } from "../base/errors.js";
import type { CheckSpec, Registration } from "./registry.js";

export const registrationLimits = {
  idLength: 128,
  tags: 64,
  tagLength: 128,
  metadataEntries: 64,
  metadataKeyLength: 128,
  metadataValueLength: 1024,
  weight: 65_535,
  ttlMs: [1_000, 86_400_000],
  expireAfterMs: [1_000, 30 * 86_400_000],
  checkPeriodMs: [100, 86_400_000],
  checkTimeoutMs: [1, 60_000],
  threshold: [1, 100],
  urlLength: 2_048,
  reasonLength: 512,
} as const;

type Fields = Readonly<Record<string, unknown>>;
type Report = (path: string, message: string, hint?: string) => void;

const registrationFields = [
  "id",
  "service",
  "address",
  "port",
  "tags",
  "metadata",
  "weight",
  "ttlMs",
  "expireAfterMs",
  "check",
];
const checkFields = {
  http: ["kind", "url", "periodMs", "timeoutMs", "failureThreshold", "successThreshold"],
  tcp: ["kind", "address", "port", "periodMs", "timeoutMs", "failureThreshold", "successThreshold"],
};

/** A copy that is known to be right, tags without repeats. Throws TuskError REQUEST_INVALID with every problem. */
export function parseRegistration(input: unknown): Registration {
  const problems = validateRegistration(input);
  if (problems.length > 0) {
    const first = problems.map((problem) => `${problem.path || "registration"} ${problem.message}`).join("; ");
    throw new TuskError("REQUEST_INVALID", `the registration is not valid: ${first}`, { problems });
  }
  const registration = input as Registration;
  return {
    ...registration,
    ...(registration.tags && { tags: [...new Set(registration.tags)] }),
    ...(registration.metadata && { metadata: { ...registration.metadata } }),
    ...(registration.check && { check: { ...registration.check } }),
  };
}

/** Every problem of a would-be Registration; empty when it is one. */
export function validateRegistration(input: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, hint) => {
    problems.push(hint === undefined ? { path, message } : { path, message, hint });
  };
  if (!isFields(input)) report("", "must be an object");
  else checkRegistration(input, report);
  return problems;
}

function checkRegistration(fields: Fields, report: Report): void {
  checkUnknown("", fields, registrationFields, report);
  if (fields.id !== undefined) checkId(fields.id, report);
  checkService(fields.service, report);
  checkAddress("address", fields.address, report);
  checkInteger("port", fields.port, [1, 65_535], report);
  if (fields.tags !== undefined) checkTags(fields.tags, report);
  if (fields.metadata !== undefined) checkMetadata(fields.metadata, report);
  if (fields.weight !== undefined) checkInteger("weight", fields.weight, [0, registrationLimits.weight], report);
  if (fields.ttlMs !== undefined) checkInteger("ttlMs", fields.ttlMs, registrationLimits.ttlMs, report);
  if (fields.expireAfterMs !== undefined)
    checkInteger("expireAfterMs", fields.expireAfterMs, registrationLimits.expireAfterMs, report);
  if (fields.check !== undefined) checkCheck(fields.check, report);
}

function checkUnknown(prefix: string, fields: Fields, known: readonly string[], report: Report): void {
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) report(`${prefix}${name.slice(0, 64)}`, "is not known", `one of ${known.join(", ")}`);
  }
}

function checkId(value: unknown, report: Report): void {
  if (typeof value === "string" && value.length <= registrationLimits.idLength && /^[A-Za-z0-9][\w.:-]*$/.test(value))
    return;
  report("id", "must be 1 to 128 letters, digits, '.', '_', ':' or '-', beginning with a letter or digit");
}

function checkService(value: unknown, report: Report): void {
  if (typeof value === "string" && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) return;
  report(
    "service",
    "must be a DNS label: 1 to 63 lower-case letters, digits or '-', a letter or digit first and last",
    suggestLabel(value),
  );
}

function suggestLabel(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const label = value
    .slice(0, 63)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-");
  const trimmed = label.replace(/^-+/, "").replace(/-+$/, "");
  return trimmed === "" ? undefined : `for example \`${trimmed}\``;
}

function checkAddress(path: string, value: unknown, report: Report): void {
  if (value === "0.0.0.0" || value === "::") {
    report(path, "must be an address that can be connected to", "0.0.0.0 and :: are for listening only");
  } else if (typeof value !== "string" || !isAddress(value)) {
    report(path, "must be an IP address or a host name, without scheme and port", "for example 127.0.0.1");
  }
}

/** An IPv4 or IPv6 address, or a host name by RFC 1123. */
export function isAddress(value: string): boolean {
  if (isIP(value) !== 0) return true;
  if (value.length > 253) return false;
  const labels = value.split(".");
  // A name that ends in a number would be a mistyped IPv4 address.
  if (/^\d+$/.test(labels.at(-1) ?? "")) return false;
  return labels.every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
}

function checkInteger(path: string, value: unknown, [low, high]: readonly [number, number], report: Report): void {
  if (Number.isInteger(value) && Number(value) >= low && Number(value) <= high) return;
  report(path, `must be a whole number from ${low} to ${high}`);
}

function checkTags(value: unknown, report: Report): void {
  if (!Array.isArray(value) || value.length > registrationLimits.tags) {
    report("tags", `must be a list of at most ${registrationLimits.tags} texts`);
    return;
  }
  value.forEach((tag, position) => {
    if (!isText(tag, registrationLimits.tagLength)) report(`tags[${position}]`, textRule(registrationLimits.tagLength));
  });
}

function checkMetadata(value: unknown, report: Report): void {
  const entries = isFields(value) ? Object.entries(value) : null;
  if (entries === null || entries.length > registrationLimits.metadataEntries) {
    report("metadata", `must be an object of at most ${registrationLimits.metadataEntries} texts`);
    return;
  }
  for (const [key, text] of entries) {
    const path = `metadata.${key.slice(0, 64)}`;
    if (!isText(key, registrationLimits.metadataKeyLength)) {
      report(path, `has a name that is not right: it ${textRule(registrationLimits.metadataKeyLength)}`);
    }
    if (typeof text !== "string" || text.length > registrationLimits.metadataValueLength) {
      report(path, `must be a text of at most ${registrationLimits.metadataValueLength} characters`);
    }
  }
}

function checkCheck(value: unknown, report: Report): void {
  if (!isFields(value)) {
    report("check", "must be an object");
    return;
  }
  if (value.kind !== "http" && value.kind !== "tcp") {
    report("check.kind", "must be http or tcp");
    return;
  }
  checkUnknown("check.", value, checkFields[value.kind], report);
  if (value.kind === "http") checkUrl(value.url, report);
  else {
    checkAddress("check.address", value.address, report);
    checkInteger("check.port", value.port, [1, 65_535], report);
  }
  checkInteger("check.periodMs", value.periodMs, registrationLimits.checkPeriodMs, report);
  checkInteger("check.timeoutMs", value.timeoutMs, registrationLimits.checkTimeoutMs, report);
  checkInteger("check.failureThreshold", value.failureThreshold, registrationLimits.threshold, report);
  checkInteger("check.successThreshold", value.successThreshold, registrationLimits.threshold, report);
}

function checkUrl(value: unknown, report: Report): void {
  const url = typeof value === "string" && value.length <= registrationLimits.urlLength ? parseUrl(value) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    report("check.url", "must be an http or https URL", "for example http://127.0.0.1:9000/healthz");
  } else if (url.username !== "" || url.password !== "") {
    report("check.url", "must not hold a user name or password: it is shown in reasons and events");
  }
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** What an instance says of itself in a heartbeat. Throws TuskError REQUEST_INVALID with every problem. */
export function validateReport(report: { readonly state?: unknown; readonly reason?: unknown }): void {
  const problems: Problem[] = [];
  if (report.state !== undefined && !["passing", "warning", "critical"].includes(String(report.state))) {
    problems.push({ path: "state", message: "must be passing, warning or critical" });
  }
  if (report.reason !== undefined && !isText(report.reason, registrationLimits.reasonLength)) {
    problems.push({ path: "reason", message: textRule(registrationLimits.reasonLength) });
  }
  if (problems.length > 0) throw new TuskError("REQUEST_INVALID", "the heartbeat is not valid", { problems });
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Control characters would let a tag or a reason forge lines in logs and terminals.
function isText(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= maxLength && !/\p{Cc}/u.test(value);
}

function textRule(maxLength: number): string {
  return `must be a text of 1 to ${maxLength} characters without control characters`;
}

/** The same registration word for word: a program that registers again at every heartbeat changes nothing. */
export function isSameRegistration(first: Registration, second: Registration): boolean {
  return canonical(first) === canonical(second);
}

function canonical(registration: Registration): string {
  const { metadata = {}, check, ...rest } = registration;
  const sorted = (value: object): unknown => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(rest), sorted(metadata), check ? sorted(check satisfies CheckSpec) : null]);
}

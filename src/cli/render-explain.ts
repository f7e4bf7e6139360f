// The answers of `tusk explain` and `tusk health` in words. Pure.
import type { ServiceExplanation } from "../control/control-plane.js";
import type { RequestExplanation, RequestRecord } from "../keeper/protocol.js";
import type { InstanceHealthReport, InstanceView } from "../orchestrator/orchestrator.js";
import { formatAge, formatDuration, withoutControls } from "./format.js";
import { renderEvents } from "./render-events.js";
import type { Style } from "./style.js";

export function renderServiceExplanation(told: ServiceExplanation, style: Style, nowMs: number): string {
  const sections: [string, readonly string[]][] = [
    ["Waits", told.waiting],
    ["Instances", told.instances.flatMap((instance) => renderInstance(instance, style, nowMs))],
    ["Calls", renderCalls(told.calls)],
    ["Notes", told.notes],
    ["What led here, newest first", told.events.length === 0 ? [] : renderEvents(told.events, style).split("\n")],
  ];
  const shown = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [style.bold(title), ...lines.map((line) => `  ${line}`)].join("\n"));
  return [withoutControls(told.summary), ...shown].join("\n\n");
}

function renderInstance(view: InstanceView, style: Style, nowMs: number): string[] {
  const paint = view.ready ? style.green : view.health === "critical" ? style.red : style.yellow;
  const state = `${view.phase}, ${view.health}`;
  const lines = [`${style.bold(view.id)}  ${paint(state)}  ${withoutControls(view.reason)}`];
  const facts = [
    view.process && `pid ${view.process.pid}${view.adopted ? " (adopted)" : ""}`,
    view.port > 0 && `port ${view.port}`,
    `revision ${view.revision}`,
    view.startedAt && `up ${formatAge(view.startedAt, nowMs)}`,
    view.restarts > 0 && `${view.restarts} restarts`,
    view.nextStartAt && `next start in ${formatDuration(Date.parse(view.nextStartAt) - nowMs)}`,
  ];
  lines.push(`  ${style.dim(facts.filter(Boolean).join(", "))}`);
  if (view.waitingFor.length > 0) lines.push(`  waits for ${view.waitingFor.join(", then ")}`);
  if (view.lastExit) lines.push(`  last exit: ${renderExit(view.lastExit)}`);
  if (view.lastProbe && !view.lastProbe.ok) lines.push(`  last probe: ${withoutControls(view.lastProbe.detail)}`);
  lines.push(`  ${style.dim(`log ${view.logFile}`)}`);
  return lines;
}

function renderExit({ code, signal, unknown, at }: NonNullable<InstanceView["lastExit"]>): string {
  const how = unknown ? "exit code not known" : signal === null ? `exit code ${code}` : `signal ${signal}`;
  return `${how} at ${at}`;
}

function renderCalls({ declared, urls, egress }: ServiceExplanation["calls"]): string[] {
  const lines = Object.entries(urls).map(([name, url]) => `${name}=${url}`);
  if (egress !== null) lines.push(`TUSK_EGRESS=${egress}`);
  if (declared === null && egress !== null)
    lines.push("no `calls` declared: every service may be called through TUSK_EGRESS");
  else if (declared?.length === 0) lines.push("`calls` is empty: no service may be called");
  return lines;
}

export function renderRequestExplanation(told: RequestExplanation, style: Style): string {
  const parts = [`${style.dim("listener")} ${told.listener}`, renderOutcome(told.outcome, style)];
  if (told.filters) parts.push("", style.bold("Filters"), ...told.filters.map((line) => `  ${withoutControls(line)}`));
  if (told.routes.length > 0)
    parts.push("", style.bold("Routes, in order of precedence"), ...renderRoutes(told, style));
  if (told.endpoints.length > 0) parts.push("", style.bold("Endpoints"), ...renderEndpoints(told, style));
  if (told.policy) parts.push("", style.bold("Policies"), ...renderPolicy(told.policy, style));
  return parts.join("\n");
}

function renderOutcome(outcome: RequestExplanation["outcome"], style: Style): string {
  if (outcome.kind === "forward") {
    return `${style.green("forwarded")} by route ${style.bold(outcome.route)} to ${style.bold(outcome.cluster)}`;
  }
  if (outcome.kind === "answer") {
    const { route, status, reason } = outcome;
    return `${style.green(`answered ${status}`)} by route ${style.bold(route)}: ${withoutControls(reason)}`;
  }
  return `${style.red(`refused ${outcome.status} ${outcome.code}`)}: ${withoutControls(outcome.reason)}`;
}

function renderRoutes({ routes }: RequestExplanation, style: Style): string[] {
  return routes.map(({ route, match, result, reason, origin }) => {
    const [sign, paint] = { chosen: ["✔", style.green], lost: ["✖", style.dim], shadowed: ["◦", style.yellow] }[
      result
    ] as [string, (text: string) => string];
    const place = origin?.file === undefined ? "" : style.dim(`  ${origin.file}:${origin.line ?? 1}`);
    return `  ${paint(`${sign} ${route}`)}  ${withoutControls(match)}  ${withoutControls(reason)}${place}`;
  });
}

function renderEndpoints({ endpoints }: RequestExplanation, style: Style): string[] {
  return endpoints.map(({ id, address, usable, reason, inFlight }) => {
    const mark = usable ? style.green("✔") : style.red("✖");
    return `  ${mark} ${id}  ${address}  ${inFlight} in flight  ${withoutControls(reason)}`;
  });
}

function renderPolicy({ parts }: NonNullable<RequestExplanation["policy"]>, style: Style): string[] {
  const width = Math.max(...parts.map(({ name }) => name.length));
  return parts.map(({ name, value, standing, origin }) => {
    const now = standing === undefined ? "" : `; now: ${standing}`;
    const from = origin?.file === undefined ? "default" : `${origin.file}:${origin.line ?? 1}`;
    return `  ${name.padEnd(width)}  ${withoutControls(value + now)}  ${style.dim(from)}`;
  });
}

export function renderRecordedRequests(requests: readonly RequestRecord[], style: Style): string {
  return requests.map((request) => renderRecordedRequest(request, style)).join("\n\n");
}

function renderRecordedRequest(request: RequestRecord, style: Style): string {
  const { at, method, path, caller, callee, route, listener, attempts, acted, requestId, traceId } = request;
  const to = callee === null ? "" : ` to ${style.bold(callee)}`;
  const by = route === null ? "" : ` by route ${style.bold(route)}`;
  const bytes = `${request.requestBytes} bytes in, ${request.responseBytes} bytes out`;
  const first = request.firstByteMs === null ? "" : `, answer began after ${shortMs(request.firstByteMs)}`;
  return [
    `${withoutControls(`${method} ${path}`)} from ${caller}${to}${by}`,
    renderEnd(request, style),
    `  ${style.dim(`${at} on ${listener}, took ${shortMs(request.durationMs)}${first}; ${bytes}`)}`,
    ...attempts.map(
      ({ endpoint, outcome }, index) => `  attempt ${index + 1}: ${endpoint}  ${withoutControls(outcome)}`,
    ),
    ...acted.map((what) => `  ${withoutControls(what)}`),
    `  ${style.dim(`request ${withoutControls(requestId)}, trace ${traceId}`)}`,
  ].join("\n");
}

function renderEnd({ status, refusal, broken }: RequestRecord, style: Style): string {
  if (refusal !== null) return `${style.red(`${status} ${refusal.code}`)}: ${withoutControls(refusal.reason)}`;
  if (status === null) return style.yellow("the client left before there was an answer");
  if (broken) return style.red(`${status}, and the answer was cut short`);
  return status >= 500 ? style.red(String(status)) : style.green(String(status));
}

const shortMs = (value: number): string => `${Math.round(value * 10) / 10} ms`;

export function renderHealth(
  reports: readonly (InstanceHealthReport & { readonly service: string })[],
  style: Style,
): string {
  if (reports.length === 0) return "no instances";
  return reports
    .flatMap(({ instance, ok, reason, probes }) => [
      `${ok ? style.green("✔") : style.red("✖")} ${style.bold(instance)}  ${withoutControls(reason)}`,
      ...probes.map((probe) => {
        const took = style.dim(`${Math.round(probe.durationMs)} ms`);
        return `    ${probe.ok ? "pass" : style.red("fail")}  ${probe.probe}: ${withoutControls(probe.detail)}  ${took}`;
      }),
    ])
    .join("\n");
}

// The tables of `tusk ps` and `tusk routes`. Pure.
import type { InstanceStatus, RouteStatus, ServiceStatus, SystemStatus } from "../control/control-plane.js";
import { count, formatAge, formatBytes, formatPercent, withoutControls } from "./format.js";
import type { Style } from "./style.js";
import { type Column, renderTable } from "./table.js";

interface Row {
  readonly service: ServiceStatus;
  readonly instance: InstanceStatus;
}

export function renderStatus(status: SystemStatus, style: Style, nowMs: number): string {
  const rows = status.services.flatMap((service) => service.instances.map((instance) => ({ service, instance })));
  const empty = status.services.filter(({ instances }) => instances.length === 0);
  const parts = [
    renderHeader(status, style),
    renderTable(rows, instanceColumns(style, nowMs), style),
    empty.map(({ name, replicas }) => `${name}: no instances (${count(replicas, "replica")} wanted)`).join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function renderHeader({ app, gateway, controller, services }: SystemStatus, style: Style): string {
  const urls = gateway.map(({ url }) => url).join(" ");
  const lines = [
    `${style.bold(app)}  controller ${controller.pid}${urls === "" ? "" : `  gateway ${style.cyan(urls)}`}`,
  ];
  if (services.length === 0) lines.push("no services");
  return lines.join("\n");
}

function instanceColumns(style: Style, nowMs: number): Column<Row>[] {
  return [
    { title: "INSTANCE", value: ({ instance }) => instance.id },
    { title: "HEALTH", value: ({ instance }) => paintHealth(instance, style) },
    { title: "PID", value: ({ instance }) => String(instance.pid ?? "-"), align: "right" },
    { title: "PORT", value: ({ instance }) => String(instance.port ?? "-"), align: "right" },
    { title: "REV", value: ({ service }) => String(service.revision), align: "right" },
    { title: "RESTARTS", value: ({ instance }) => String(instance.restarts), align: "right" },
    { title: "AGE", value: ({ instance }) => formatAge(instance.startedAt, nowMs), align: "right" },
    { title: "CPU", value: ({ instance }) => formatPercent(instance.cpuPercent), align: "right" },
    { title: "MEMORY", value: ({ instance }) => formatBytes(instance.memoryBytes), align: "right" },
    { title: "REASON", value: ({ instance }) => shortReason(instance) },
  ];
}

/** What is well needs no reason. */
function shortReason({ ready, reason, waitingFor }: InstanceStatus): string {
  if (ready) return "";
  const waiting = waitingFor.length === 0 ? "" : ` (waits for ${waitingFor.join(", ")})`;
  return withoutControls(reason) + waiting;
}

export function paintHealth({ health, phase }: InstanceStatus, style: Style): string {
  const paint = { starting: style.blue, passing: style.green, warning: style.yellow, critical: style.red }[health];
  return paint(phase === "running" || phase === "starting" ? health : `${health}, ${phase}`);
}

export function renderRoutes(routes: readonly RouteStatus[], style: Style): string {
  const sections = [
    ["Gateway", routes.filter(({ kind }) => kind === "gateway")],
    ["Between services", routes.filter(({ kind }) => kind !== "gateway")],
  ] as const;
  const shown = sections
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows]) => `${style.bold(title)}\n${renderTable(rows, routeColumns(style), style)}`);
  return shown.length === 0 ? "no routes" : shown.join("\n\n");
}

function routeColumns(style: Style): Column<RouteStatus>[] {
  return [
    { title: "ROUTE", value: ({ name }) => name },
    { title: "ADDRESS", value: ({ url }) => style.cyan(url) },
    { title: "MATCH", value: ({ match, hostnames }) => [match, ...hostnames].join(" ") },
    { title: "BACKENDS", value: ({ backends }) => renderBackends(backends, style) },
    { title: "FROM", value: ({ origin }) => (origin?.file ? `${origin.file}:${origin.line ?? 1}` : "") },
  ];
}

function renderBackends(backends: RouteStatus["backends"], style: Style): string {
  const weighted = new Set(backends.map(({ weight }) => weight)).size > 1;
  return backends
    .map(({ service, weight, ready }) => {
      const text = `${service} (${weighted ? `weight ${weight}, ` : ""}${ready} ready)`;
      return ready === 0 ? style.red(text) : text;
    })
    .join(", ");
}

// Events, one a line. Pure.
import type { TuskEvent } from "../base/event.js";
import { withoutControls } from "./format.js";
import type { Style } from "./style.js";

export function renderEvents(events: readonly TuskEvent[], style: Style): string {
  return events.map((event) => renderEvent(event, style)).join("\n");
}

export function renderEvent({ at, level, kind, service, instance, message }: TuskEvent, style: Style): string {
  const paint = { info: style.dim, warning: style.yellow, error: style.red }[level];
  const about = instance ?? service;
  // Most sentences name their subject themselves.
  const subject = about === undefined || message.includes(about) ? "" : `${style.bold(about)} `;
  return `${style.dim(at.slice(0, 10))} ${at.slice(11, 23)}  ${paint(kind)}  ${subject}${withoutControls(message)}`;
}

// RequestHeaderModifier and ResponseHeaderModifier of the Gateway API. Pure.
import type { HeaderEditPlan, HeaderFieldPlan } from "../../plan/proxy-plan.js";
import type { RawHeaders } from "../exchange.js";

export const noEdit: HeaderEditPlan = { set: [], add: [], remove: [] };

/** One edit after another. Fields that no edit names keep their order and spelling. */
export function editHeaders(headers: RawHeaders, edits: readonly HeaderEditPlan[]): RawHeaders {
  return edits.reduce(applyEdit, headers);
}

function applyEdit(headers: RawHeaders, { set, add, remove }: HeaderEditPlan): RawHeaders {
  const gone = new Set(remove.map((name) => name.toLowerCase()));
  for (const { name } of set) gone.add(name.toLowerCase());
  const out: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (!gone.has(name.toLowerCase())) out.push(name, headers[index + 1] ?? "");
  }
  const removed = new Set(remove.map((name) => name.toLowerCase()));
  const append = ({ name, value }: HeaderFieldPlan): void => {
    if (!removed.has(name.toLowerCase())) out.push(name, value);
  };
  set.forEach(append);
  add.forEach(append);
  return out;
}

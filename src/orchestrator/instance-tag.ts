// How a process is known as ours: the value of TUSK_INSTANCE in its environment, `<appKey>/<instanceId>/<nonce>`.
// The id may end in `.setup` or `.probe` for commands that run beside an instance. docs/formats/instances.md.
import { randomBytes } from "node:crypto";

export const instanceVariable = "TUSK_INSTANCE";
/** `<revision>:<hash>`, so that an instance is adopted even when its record was lost. */
export const revisionVariable = "TUSK_REVISION";
/** The app's state folder, so that processes of an app whose folder is gone can be told. */
export const stateFolderVariable = "TUSK_STATE_FOLDER";

export interface InstanceTag {
  readonly app: string;
  readonly instance: string;
  readonly nonce: string;
}

export function createTag(app: string, instance: string): string {
  return `${app}/${instance}/${randomBytes(9).toString("base64url")}`;
}

export function parseTag(tag: string): InstanceTag | null {
  const [app, instance, nonce, ...rest] = tag.split("/");
  if (!app || !instance || !nonce || rest.length > 0) return null;
  return { app, instance, nonce };
}

/** `order-service-2` → order-service, 2. Null for commands that run beside an instance. */
export function parseInstanceId(id: string): { readonly service: string; readonly number: number } | null {
  const match = /^(.+)-([1-9]\d{0,5})$/.exec(id);
  return match?.[1] ? { service: match[1], number: Number(match[2]) } : null;
}

// Places inside a spec: keys and indexes from the root, and their printed form `services[0].calls[1]`.

export type SpecPath = readonly (string | number)[];

const plainKey = /^[A-Za-z_][\w-]*$/;

export function formatPath(path: SpecPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (plainKey.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

export function isWithin(path: SpecPath, ancestor: SpecPath): boolean {
  return path.length >= ancestor.length && ancestor.every((step, index) => path[index] === step);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member of that own key, else undefined. Never what an object inherits: a service may be called `constructor`. */
export function memberOf(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return typeof key === "number" ? value[key] : undefined;
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function valueAt(value: unknown, path: SpecPath): unknown {
  return path.reduce<unknown>((inner, key) => memberOf(inner, key), value);
}

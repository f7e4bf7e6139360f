// The settings in force: default, then code, then spec, then TUSK_<NAME> in the environment; later wins.
import type { Problem } from "../base/errors.js";
import { nameHint } from "../base/nearest-name.js";
import { isEngineName, knownEngines } from "./engines.js";
import { isSettingName, parseSetting, type SettingValue } from "./normalise-settings.js";
import { defaultSettings, type SettingName, type Settings } from "./settings.js";

export type SettingSource = "default" | "code" | "spec" | "environment";

export interface ResolvedSettings {
  /** Complete; a value that is a problem is left out, and the one before it stays. */
  readonly settings: Settings;
  readonly sources: Readonly<Record<SettingName, SettingSource>>;
  readonly problems: readonly Problem[];
}

export interface SettingLayers {
  /** `settings` of a parsed spec. */
  readonly spec?: Partial<Settings>;
  /** Variables by name, as of `process.env`. Names that are no setting are ignored. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What a program set before it started the platform. */
  readonly code?: Readonly<Record<string, SettingValue>>;
}

interface Layer {
  readonly source: SettingSource;
  readonly values: Readonly<Record<string, SettingValue | undefined>>;
  /** How a person finds the value. */
  readonly place: (name: string) => string;
}

export function resolveSettings({ spec = {}, environment = {}, code = {} }: SettingLayers = {}): ResolvedSettings {
  const settings: Record<string, string | boolean> = { ...defaultSettings };
  const sources: Record<string, SettingSource> = {};
  for (const name of Object.keys(defaultSettings)) sources[name] = "default";
  const problems: Problem[] = [];
  for (const { source, values, place } of toLayers(spec, environment, code)) {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue;
      const read = readSetting(name, value, place(name));
      if ("problem" in read) problems.push(read.problem);
      else [settings[name], sources[name]] = [read.value, source];
    }
  }
  return {
    settings: settings as unknown as Settings,
    sources: sources as Record<SettingName, SettingSource>,
    problems,
  };
}

function toLayers(
  spec: Partial<Settings>,
  environment: Readonly<Record<string, string | undefined>>,
  code: Readonly<Record<string, SettingValue>>,
): Layer[] {
  const variables = Object.keys(defaultSettings).map((name) => [name, environment[`TUSK_${name}`]] as const);
  return [
    { source: "code", values: code, place: (name) => `settings.${name}` },
    { source: "spec", values: spec, place: (name) => `settings.${name}` },
    { source: "environment", values: Object.fromEntries(variables), place: (name) => `TUSK_${name}` },
  ];
}

function readSetting(
  name: string,
  value: SettingValue,
  path: string,
): { value: string | boolean } | { problem: Problem } {
  if (!isSettingName(name)) {
    return { problem: { path, message: `no setting \`${name}\``, hint: nameHint(name, Object.keys(defaultSettings)) } };
  }
  const parsed = parseSetting(name, value);
  if (parsed === null) return { problem: { path, ...describeExpected(name) } };
  if (name === "MICROSERVICES_ENGINE" && !isEngineName(String(parsed))) {
    return { problem: { path, message: `no engine \`${parsed}\``, hint: nameHint(String(parsed), knownEngines()) } };
  }
  return { value: parsed };
}

function describeExpected(name: SettingName): { message: string; hint?: string } {
  if (typeof defaultSettings[name] === "string") return { message: "expected text that is not empty" };
  return { message: "expected true or false", hint: "write true, false, on, off, 1 or 0" };
}

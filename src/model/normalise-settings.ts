// `settings` from the written form: `on`, `off`, 1 and 0 become booleans. Also reads the same words from variables.
import type { AppFile } from "./app-schema.js";
import { defaultSettings, type SettingName, type Settings } from "./settings.js";

export type SettingValue = string | number | boolean;

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(defaultSettings, name);
}

/** The value in the setting's own type, or null when it has none. */
export function parseSetting(name: SettingName, value: SettingValue): string | boolean | null {
  if (typeof defaultSettings[name] === "string") return typeof value === "string" && value !== "" ? value : null;
  const word = String(value).trim().toLowerCase();
  if (["true", "1", "on"].includes(word)) return true;
  return ["false", "0", "off"].includes(word) ? false : null;
}

export function normaliseSettings(file: AppFile["settings"] = {}): Partial<Settings> {
  const entries = Object.entries(file).map(([name, value]) => {
    const parsed = isSettingName(name) && value !== undefined ? parseSetting(name, value) : null;
    return [name, parsed] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== null)) as Partial<Settings>;
}

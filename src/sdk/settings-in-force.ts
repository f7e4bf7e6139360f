// Which settings are in force, as the controller resolved them.
import type { AdminClient } from "../api/client.js";
import { defaultSettings, type SettingName, type Settings } from "../model/settings.js";

type Flag = { [Name in SettingName]: Settings[Name] extends boolean ? Name : never }[SettingName];

export async function settingsInForce(control: AdminClient): Promise<Settings> {
  const statuses = await control.settings();
  return { ...defaultSettings, ...Object.fromEntries(statuses.map(({ name, value }) => [name, value])) };
}

export async function settingIsOn(control: AdminClient, name: Flag): Promise<boolean> {
  return (await settingsInForce(control))[name];
}

// TUSK_ variables of this command that a controller, which was started with others, knows nothing of. Pure.
import type { SettingStatus } from "../control/control-plane.js";
import { resolveSettings } from "../model/resolve-settings.js";
import type { SettingName } from "../model/settings.js";

/** `TUSK_GRPC_ENABLED=false`, for each that would be in force if the controller had been started from here. */
export function unheardSettings(
  environment: Readonly<Record<string, string | undefined>>,
  inForce: readonly SettingStatus[],
): string[] {
  const { settings, sources } = resolveSettings({ environment });
  return inForce.flatMap(({ name, value }) => {
    const wanted = sources[name as SettingName] === "environment" ? settings[name as SettingName] : value;
    return wanted === value ? [] : [`TUSK_${name}=${wanted}`];
  });
}

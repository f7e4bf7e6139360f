// Settings whose part does not exist yet. `tusk up` says once which of the values in force ask for such a part, so that
// nobody takes the default for the thing. A row leaves this table with the commit that builds its part.
import type { SettingName, Settings } from "./settings.js";

export interface NotBuilt {
  readonly setting: SettingName;
  /** What is missing, as a phrase. */
  readonly what: string;
}

const notBuilt: readonly NotBuilt[] = [
  { setting: "GRPC_ENABLED", what: "gRPC on listeners" },
  { setting: "MESSAGE_QUEUE_ENABLED", what: "the message broker" },
  { setting: "API_SECURITY_ENABLED", what: "authentication and rate limits at the gateway" },
  { setting: "ENCRYPTION_ENABLED", what: "encryption between workers and at rest" },
  { setting: "AUTO_SCALING_ENABLED", what: "automatic scaling" },
  { setting: "CONTAINER_ORCHESTRATION", what: "deployment to Kubernetes" },
  { setting: "SERVICE_MESH_PROVIDER", what: "deployment to a mesh other than the embedded one" },
  { setting: "API_GATEWAY_PROVIDER", what: "deployment to a gateway other than the embedded one" },
];

export function isBuilt(setting: SettingName): boolean {
  return notBuilt.every((row) => row.setting !== setting);
}

/** The parts that the settings in force ask for and that are not there. `none` and `embedded` ask for nothing. */
export function notBuiltYet(settings: Settings): NotBuilt[] {
  return notBuilt.filter(({ setting }) => {
    const value = settings[setting];
    return typeof value === "boolean" ? value : !["none", "embedded"].includes(value);
  });
}

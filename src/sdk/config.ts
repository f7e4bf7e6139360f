// Configuration in code. Each setting can be given in code, in tusk.yaml under `settings:`, or as TUSK_<NAME> in the
// environment; later wins. A class can be extended to set one's own values.
import { defaultSettings, type Settings } from "../model/settings.js";

/** What every configuration has: knows which of its fields are settings. */
export class TuskConfig {
  /** The settings that this configuration gives, by name. Fields that are no setting are left out. */
  toSettings(): Partial<Settings> {
    const given = Object.entries(this).filter(([name]) => Object.hasOwn(defaultSettings, name));
    return Object.fromEntries(given) as Partial<Settings>;
  }
}

/** The 19 settings with their documented defaults. Extend it, or set fields, before the platform is started. */
export class MicroservicesConfig extends TuskConfig implements Settings {
  /** Implementation that runs the system; an unknown name is refused with the known ones. */
  MICROSERVICES_ENGINE: string = defaultSettings.MICROSERVICES_ENGINE;
  /** Off: `<NAME>_URL` points straight at one instance. */
  SERVICE_MESH_ENABLED: boolean = defaultSettings.SERVICE_MESH_ENABLED;
  /** Off: no gateway listener. */
  API_GATEWAY_ENABLED: boolean = defaultSettings.API_GATEWAY_ENABLED;
  /** Off: lookups and watches are refused. */
  SERVICE_DISCOVERY_ENABLED: boolean = defaultSettings.SERVICE_DISCOVERY_ENABLED;
  /** Off: external registrations are refused. */
  SERVICE_REGISTRY_ENABLED: boolean = defaultSettings.SERVICE_REGISTRY_ENABLED;
  /** Off: the first ready endpoint only. */
  LOAD_BALANCING_ENABLED: boolean = defaultSettings.LOAD_BALANCING_ENABLED;
  /** Off: no ejection. */
  CIRCUIT_BREAKER_ENABLED: boolean = defaultSettings.CIRCUIT_BREAKER_ENABLED;
  /** Off: gRPC is not accepted. */
  GRPC_ENABLED: boolean = defaultSettings.GRPC_ENABLED;
  /** Off: HTTP/1.1 is not accepted on any listener. */
  REST_API_ENABLED: boolean = defaultSettings.REST_API_ENABLED;
  /** Off: no message broker. */
  MESSAGE_QUEUE_ENABLED: boolean = defaultSettings.MESSAGE_QUEUE_ENABLED;
  /** Off: every service may call every other. */
  SERVICE_AUTH_ENABLED: boolean = defaultSettings.SERVICE_AUTH_ENABLED;
  /** Off: no authentication and no rate limit at the gateway. */
  API_SECURITY_ENABLED: boolean = defaultSettings.API_SECURITY_ENABLED;
  /** Off: plaintext between workers and at rest. */
  ENCRYPTION_ENABLED: boolean = defaultSettings.ENCRYPTION_ENABLED;
  /** Off: replicas stay as declared. */
  AUTO_SCALING_ENABLED: boolean = defaultSettings.AUTO_SCALING_ENABLED;
  /** Off: running means ready; nothing is probed. */
  HEALTH_CHECK_ENABLED: boolean = defaultSettings.HEALTH_CHECK_ENABLED;
  /** Off: nothing is measured; analysis answers `noData`. */
  MONITORING_ENABLED: boolean = defaultSettings.MONITORING_ENABLED;
  /** Where a deployment goes when one machine is outgrown. */
  CONTAINER_ORCHESTRATION: string = defaultSettings.CONTAINER_ORCHESTRATION;
  /** Mesh of that deployment. */
  SERVICE_MESH_PROVIDER: string = defaultSettings.SERVICE_MESH_PROVIDER;
  /** Gateway of that deployment. */
  API_GATEWAY_PROVIDER: string = defaultSettings.API_GATEWAY_PROVIDER;

  /** Those that differ from the defaults: what nobody set is not said to come from code. */
  override toSettings(): Partial<Settings> {
    const given = Object.entries(super.toSettings());
    return Object.fromEntries(given.filter(([name, value]) => value !== defaultSettings[name as keyof Settings]));
  }
}

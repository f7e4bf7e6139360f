// The 19 settings of MicroservicesConfig with the documented default values.

export interface Settings {
  readonly MICROSERVICES_ENGINE: string;
  readonly SERVICE_MESH_ENABLED: boolean;
  readonly API_GATEWAY_ENABLED: boolean;
  readonly SERVICE_DISCOVERY_ENABLED: boolean;
  readonly SERVICE_REGISTRY_ENABLED: boolean;
  readonly LOAD_BALANCING_ENABLED: boolean;
  readonly CIRCUIT_BREAKER_ENABLED: boolean;
  readonly GRPC_ENABLED: boolean;
  readonly REST_API_ENABLED: boolean;
  readonly MESSAGE_QUEUE_ENABLED: boolean;
  readonly SERVICE_AUTH_ENABLED: boolean;
  readonly API_SECURITY_ENABLED: boolean;
  readonly ENCRYPTION_ENABLED: boolean;
  readonly AUTO_SCALING_ENABLED: boolean;
  readonly HEALTH_CHECK_ENABLED: boolean;
  readonly MONITORING_ENABLED: boolean;
  readonly CONTAINER_ORCHESTRATION: string;
  readonly SERVICE_MESH_PROVIDER: string;
  readonly API_GATEWAY_PROVIDER: string;
}

export type SettingName = keyof Settings;

export const defaultSettings: Settings = {
  MICROSERVICES_ENGINE: "tusk_microservices_engine",
  SERVICE_MESH_ENABLED: true,
  API_GATEWAY_ENABLED: true,
  SERVICE_DISCOVERY_ENABLED: true,
  SERVICE_REGISTRY_ENABLED: true,
  LOAD_BALANCING_ENABLED: true,
  CIRCUIT_BREAKER_ENABLED: true,
  GRPC_ENABLED: true,
  REST_API_ENABLED: true,
  MESSAGE_QUEUE_ENABLED: true,
  SERVICE_AUTH_ENABLED: true,
  API_SECURITY_ENABLED: true,
  ENCRYPTION_ENABLED: true,
  AUTO_SCALING_ENABLED: true,
  HEALTH_CHECK_ENABLED: true,
  MONITORING_ENABLED: true,
  CONTAINER_ORCHESTRATION: "kubernetes",
  SERVICE_MESH_PROVIDER: "istio",
  API_GATEWAY_PROVIDER: "kong",
};

// The engines that MICROSERVICES_ENGINE may name: implementations that run a system from its spec. One ships.

export interface EngineInfo {
  readonly name: string;
  readonly summary: string;
}

const engines: readonly EngineInfo[] = [
  { name: "tusk_microservices_engine", summary: "supervised processes, embedded mesh and gateway, on this machine" },
];

export function knownEngines(): string[] {
  return engines.map(({ name }) => name);
}

export function isEngineName(name: string): boolean {
  return engines.some((engine) => engine.name === name);
}

// A service that uses up its CPU or memory, or whose slowest requests are about to run into their timeout.
import { type Finding, judge, type Recommendation, wholePeriod } from "./finding.js";
import type { PerformanceAnalysis, ServicePerformance } from "./performance.js";
import { comfortableUse, saturationPoints } from "./score.js";
import { percent, readable } from "./service-performance.js";

const nearTimeout = 0.8;

export function detectSaturated(service: ServicePerformance, { machineCores }: PerformanceAnalysis): Finding | null {
  const { cpuUse, memoryUse } = service.saturation;
  if ((cpuUse ?? 0) > comfortableUse && (cpuUse ?? 0) >= (memoryUse ?? 0)) return cpuFull(service, machineCores);
  return (memoryUse ?? 0) > comfortableUse ? memoryFull(service) : null;
}

function cpuFull(service: ServicePerformance, machineCores: number | null): Finding {
  const { cpuUse, cpuPeakUse, cpuCores, cpuAssumed } = service.saturation;
  return {
    insight: {
      kind: "saturated",
      service: service.service,
      ...judge(saturationPoints(cpuUse ?? 0), service),
      message: `${service.service} uses ${percent(cpuUse)} of its ${cpuCores} ${cpuCores === 1 ? "core" : "cores"}${cpuAssumed ? ", one for each instance," : ""} on average`,
      evidence: {
        ...wholePeriod(service),
        measured: { cpuUse, cpuPeakUse, instances: service.measured.instances },
        comparedTo: { cpuCores, comfortableUse, assumed: cpuAssumed ? "one core for each ready instance" : null },
        edge: null,
      },
    },
    recommendation: moreInstances(service, machineCores),
  };
}

function moreInstances(service: ServicePerformance, machineCores: number | null): Recommendation {
  const instances = Math.max(1, Math.round(service.measured.instances ?? 1));
  const { cpuUse } = service.saturation;
  const wanted = Math.max(instances + 1, Math.ceil((instances * (cpuUse ?? 1)) / comfortableUse));
  const name = service.service;
  if (machineCores !== null && instances >= machineCores) {
    return {
      service: name,
      what: `give ${name} a machine with more cores, or less work for each request`,
      why: `${instances} instances already share the ${machineCores} cores of this machine`,
      effect: "requests no longer wait for CPU",
      how: `profile ${name}; or move it to a larger machine and run tusk scale ${name}=${wanted} there`,
    };
  }
  const number = machineCores === null ? wanted : Math.min(wanted, Math.floor(machineCores));
  return {
    service: name,
    what: `scale ${name} from ${instances} to ${Math.max(number, instances + 1)}`,
    why: `its CPU is ${percent(cpuUse)} used, and above ${percent(comfortableUse)} requests begin to wait`,
    effect: `about ${percent(((cpuUse ?? 1) * instances) / Math.max(number, instances + 1))} of the CPU of each, with the same traffic`,
    how: `tusk scale ${name}=${Math.max(number, instances + 1)}`,
  };
}

function memoryFull(service: ServicePerformance): Finding {
  const { memoryUse } = service.saturation;
  return {
    insight: {
      kind: "saturated",
      service: service.service,
      ...judge(saturationPoints(memoryUse ?? 0), service),
      message: `${service.service} uses ${percent(memoryUse)} of its memory on average`,
      evidence: {
        ...wholePeriod(service),
        measured: { memoryUse, memoryBytes: service.measured.memoryBytes },
        comparedTo: { comfortableUse },
        edge: null,
      },
    },
    recommendation: {
      service: service.service,
      what: `give ${service.service} more memory, or find what it keeps`,
      why: `${percent(memoryUse)} of what it may use is in use`,
      effect: "it is not ended for lack of memory",
      how: `raise its memory limit, or look for caches without a bound in ${service.service}`,
    },
  };
}

export function detectTimeouts(service: ServicePerformance): Finding | null {
  const { timeoutUse } = service.saturation;
  if (timeoutUse === null || timeoutUse < nearTimeout) return null;
  return {
    insight: {
      kind: "near-timeout",
      service: service.service,
      ...judge(saturationPoints(timeoutUse), service),
      message: `${service.service}'s p99 is ${percent(timeoutUse)} of its timeout`,
      evidence: {
        ...wholePeriod(service),
        measured: { timeoutUse, p99: service.measured.p99 },
        comparedTo: { nearTimeout },
        edge: null,
      },
    },
    recommendation: {
      service: service.service,
      what: `make ${service.service} faster, or give it a longer timeout`,
      why: `the slowest hundredth takes ${readable(service.measured.p99)} ms, close to the time after which it is given up`,
      effect: "slow requests still get their answer, where they would soon become errors",
      how: `services: [{ name: ${service.service}, traffic: { timeout: … } }] in the spec`,
    },
  };
}

// What the performance calls analyse: rows and edges of TuskDB, with the objectives of the desired spec.
import type { AdminClient } from "../api/client.js";
import { TuskError } from "../base/errors.js";
import { toCapacity } from "../control/metrics/capacity.js";
import { parsePeriod } from "../control/metrics/period.js";
import { toEdgeRow, toMetricsRow } from "../control/metrics/stored-rows.js";
import type { Capacity, EdgeRow, MetricsRow, Objective } from "../fujsen/metrics-row.js";
import { systemClock } from "../system/clock.js";
import { readMachine } from "../system/machine.js";
import { settingIsOn } from "./settings-in-force.js";

export interface PerformanceData {
  readonly rows: readonly MetricsRow[];
  readonly edges: readonly EdgeRow[];
  readonly objectives: Readonly<Record<string, Objective>>;
  /** Of the spec, and of this machine, on which the controller listens. */
  readonly capacity: Capacity;
  /** Why there are no rows; empty when there are. */
  readonly reason: string;
}

/** Of all services, or of those named. Throws REQUEST_INVALID for the period, UNKNOWN_SERVICE, DB_TOO_MANY_ROWS. */
export async function readPerformanceData(
  control: AdminClient,
  period: string,
  names?: readonly string[],
): Promise<PerformanceData> {
  const from = new Date(systemClock.now() - parsePeriod(period)).toISOString();
  const { services } = (await control.spec()).spec;
  const unknown = names?.find((name) => !services.some((service) => service.name === name));
  if (unknown !== undefined) throw new TuskError("UNKNOWN_SERVICE", `there is no service ${unknown}`);
  const objectives = Object.fromEntries(services.map(({ name, slo }) => [name, slo]));
  const capacity = toCapacity({ services }, readMachine());
  if (!(await settingIsOn(control, "MONITORING_ENABLED"))) {
    return { rows: [], edges: [], objectives, capacity, reason: "MONITORING_ENABLED is off: nothing is measured" };
  }
  const isWanted = (name: string): boolean => names === undefined || names.includes(name);
  const [metrics, calls] = await Promise.all([
    control.data.query("SELECT * FROM microservices_metrics WHERE timestamp >= $1", [from]),
    control.data.query("SELECT * FROM edges WHERE timestamp >= $1", [from]),
  ]);
  const rows = metrics.map(toMetricsRow).filter(({ serviceId }) => isWanted(serviceId));
  const edges = calls.map(toEdgeRow).filter(({ caller, callee }) => isWanted(caller) || isWanted(callee));
  return { rows, edges, objectives, capacity, reason: rows.length > 0 ? "" : "no row falls into this period" };
}

// Puts collector, TuskDB and analysis together for one system. TuskDB's native library is loaded only once the
// instances are ready or somebody asks, because starting them is what the user waits for.
import { join } from "node:path";
import type { Clock, Timer } from "../../base/clock.js";
import { messageOf } from "../../base/errors.js";
import type { AppSpec } from "../../model/app-spec.js";
import type { Settings } from "../../model/settings.js";
import type { InstanceView } from "../../orchestrator/orchestrator.js";
import type { AppFolder } from "../../system/app-folder.js";
import { readJson, writeJsonAtomic } from "../../system/atomic-file.js";
import { readMachine } from "../../system/machine.js";
import type { Database } from "../../tuskdb/database.js";
import type { DataPlane } from "../data-plane.js";
import type { EventLog } from "../event-log.js";
import { MetricsCollector } from "./collector.js";
import type { CountBase } from "./deltas.js";
import { TuskData, toEventRow } from "./tusk-data.js";

export interface MetricsParts {
  readonly folder: AppFolder;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly dataPlane: DataPlane;
  readonly views: () => readonly InstanceView[];
  readonly spec: () => AppSpec;
  readonly settings: () => Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface RunningMetrics {
  readonly data: TuskData;
  /** Stores what waits, closes TuskDB. */
  close(): Promise<void>;
}

/** Longest wait for the instances before TuskDB is loaded all the same. */
const quietLimitMs = 15_000;
const lookMs = 250;

export function startMetrics(parts: MetricsParts): RunningMetrics {
  const { folder, clock, events, dataPlane, views, settings } = parts;
  const baseFile = join(folder.state, "metrics-base.json");
  const collector = new MetricsCollector({
    clock,
    stats: () => dataPlane.stats(),
    views,
    enabled: () => settings().MONITORING_ENABLED,
    base: readBase(baseFile),
    onBase: baseWriter(baseFile, events),
    onRows: (services, edges) => {
      data.enqueue("microservices_metrics", services, { quiet: edges.length === 0 });
      data.enqueue("edges", edges);
    },
  });
  const data: TuskData = new TuskData({
    open: () => openTuskDb(parts),
    analyst: async (database) => {
      const { Analyst } = await import("./analyst.js");
      const monitoringOff = (): boolean => !settings().MONITORING_ENABLED;
      return new Analyst({ database, clock, spec: parts.spec, machine: readMachine, monitoringOff });
    },
    clock,
    emit: events.emit,
    live: () => collector.live(),
    prometheus: async () => {
      const { renderPrometheus } = await import("./prometheus.js");
      return renderPrometheus(await dataPlane.stats(), views());
    },
    pastEvents: () => events.query({ limit: Number.MAX_SAFE_INTEGER }),
  });
  const stopEvents = events.watch((event) => data.enqueue("events", [toEventRow(event)]));
  const begin = (): void => {
    data.begin();
    collector.start();
  };
  const waiting = whenQuiet(parts, begin);
  return {
    data,
    close: async () => {
      waiting.cancel();
      stopEvents();
      collector.close();
      await data.close();
    },
  };
}

/** Calls once every instance is ready, or after the limit. */
function whenQuiet({ clock, views }: MetricsParts, begin: () => void): Timer {
  const deadline = clock.monotonic() + quietLimitMs;
  let timer: Timer;
  const look = (): void => {
    const all = views();
    if (clock.monotonic() > deadline || all.every((view) => view.ready)) begin();
    else timer = clock.setTimer(lookMs, look);
  };
  timer = clock.setTimer(lookMs, look);
  return { cancel: () => timer.cancel() };
}

async function openTuskDb({ folder, events, environment }: MetricsParts): Promise<Database> {
  const { openDatabase } = await import("../../tuskdb/open-database.js");
  const url = environment.TUSK_DB_URL;
  const place = url ? { url } : { file: join(folder.state, "tusk.duckdb") };
  return openDatabase(place, {
    onDamaged: ({ file, setAside, kept, reason }) => {
      const rest = kept ? "what was stored before its log is there" : "metrics begin anew";
      events.emit({
        kind: "tuskdb.damaged",
        level: "error",
        message: `${file} is damaged (${reason}) and was set aside as ${setAside}; ${rest}`,
      });
    },
  });
}

/** A full disk, or a folder that was taken away, must not end supervision. Said once until it works again. */
function baseWriter(file: string, events: EventLog): (base: CountBase) => void {
  let failing = false;
  return (base) => {
    try {
      writeJsonAtomic(file, base, { durable: false, makeFolders: false });
      failing = false;
    } catch (error) {
      const message = `${file} could not be written: ${messageOf(error)}`;
      if (!failing) events.emit({ kind: "state.unwritten", level: "error", message });
      failing = true;
    }
  };
}

/** Damaged or absent: the counts of workers that run already are taken as new. */
function readBase(file: string): CountBase {
  try {
    const base = readJson(file);
    return typeof base === "object" && base !== null ? (base as CountBase) : {};
  } catch {
    return {};
  }
}

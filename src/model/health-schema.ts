// File form of `health`: which probes a service has. Kubernetes' names without their suffixes for units.
import { z } from "zod";
import { atMostOneOf, command, duration, once, port, wholeNumber } from "./schema-parts.js";

const probePath = once(() =>
  z
    .string()
    .max(2048, "must be at most 2048 characters long")
    .regex(/^\/[\x21-\x7e]*$/, "must begin with `/` and hold no spaces"),
);

const status = () => wholeNumber(100, 599);

const statuses = () =>
  z
    .union([status(), z.tuple([status(), status()])], { error: "expected a status such as 200, or a range [200, 399]" })
    .refine((value) => typeof value === "number" || value[0] <= value[1], "the range is empty\nwrite [from, to]")
    .meta({ description: "Statuses that pass. Default: 200 to 399." });

const httpCheck = () =>
  z
    .union(
      [
        probePath(),
        z.strictObject({ path: probePath(), port: port().min(1).optional(), statuses: statuses().optional() }),
      ],
      {
        error: "expected a path such as `/healthz`, or `{ path, port, statuses }`",
      },
    )
    .meta({ description: "Passes when a GET of the path answers with one of the statuses." });

const tcpCheck = () =>
  z
    .union([z.literal(true), port().min(1)], { error: "expected `true` or a port" })
    .meta({ description: "Passes when a connection is accepted. `true`: on the instance's own PORT." });

const thresholds = () => ({
  period: duration(10).optional().meta({ description: "Time from one probe to the next. Default: 10s." }),
  timeout: duration(1).optional().meta({ description: "Default: 1s." }),
  successThreshold: wholeNumber(1, 1000).optional().meta({ description: "Successes in a row that pass. Default: 1." }),
  failureThreshold: wholeNumber(1, 1000).optional().meta({ description: "Failures in a row that fail. Default: 3." }),
});

const probe = once(() => {
  const checks = {
    http: httpCheck().optional(),
    tcp: tcpCheck().optional(),
    command: command().optional().meta({ description: "Passes when it exits with 0." }),
  };
  const object = atMostOneOf(z.strictObject({ ...checks, ...thresholds() }), ["http", "tcp", "command"]);
  return z.union([probePath(), object], {
    error: "expected a path such as `/healthz`, or a map with http, tcp or command",
  });
});

export function healthSchema() {
  const liveness = probe()
    .refine(
      (value) =>
        typeof value === "string" || Object.keys(value).some((key) => ["http", "tcp", "command"].includes(key)),
      {
        error: "liveness needs a check\nadd http, tcp or command",
      },
    )
    .meta({ description: "Failing restarts the instance. Default: the process being alive." });
  return z
    .union(
      [
        probePath(),
        z.strictObject({
          path: probePath().optional().meta({ description: "Checked over http on PORT by startup and readiness." }),
          startup: probe()
            .optional()
            .meta({ description: "Until it passes, the instance is starting. Default: tcp on PORT." }),
          startupLimit: duration(1).optional().meta({ description: "Time to the first success. Default: 60s." }),
          liveness: liveness.optional(),
          readiness: probe()
            .optional()
            .meta({ description: "Failing takes the instance out of load balancing. Default: the startup check." }),
        }),
      ],
      { error: "expected a path such as `/healthz`, or a map with path, startup, liveness or readiness" },
    )
    .meta({ description: "Probes of the service's instances." });
}

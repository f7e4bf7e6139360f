// File form of a fault that is injected on purpose. It has an end in any case: one that is forgotten would be an outage.
import { z } from "zod";
import { duration, once, wholeNumber } from "./schema-parts.js";

const percentage = () =>
  z
    .number()
    .min(0, "must be 0 to 100")
    .max(100, "must be 0 to 100")
    .optional()
    .meta({ description: "Of the requests. Default: 100." });

export const faultSchema = once(() =>
  z
    .strictObject({
      delay: z
        .strictObject({ time: duration(1), percentage: percentage() })
        .optional()
        .meta({ description: "Requests wait before they are sent." }),
      abort: z
        .strictObject({ status: wholeNumber(400, 599), percentage: percentage() })
        .optional()
        .meta({ description: "Requests are answered with this status and not sent." }),
      until: z.iso
        .datetime({ offset: true, error: "is no time\nwrite `2026-01-31T18:00:00Z`" })
        .meta({ description: "When it ends by itself, RFC 3339." }),
    })
    .meta({ description: "Injected on purpose, to see what happens." }),
);

export type FaultFile = z.infer<ReturnType<typeof faultSchema>>;

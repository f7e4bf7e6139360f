// What serving a request needs besides the request.
import type { Clock, Rng } from "../base/clock.js";
import type { DataPlane } from "./data-plane.js";
import type { Deadlines } from "./deadlines.js";
import type { Upstream } from "./exchange.js";
import type { RequestRecorder } from "./records/request-recorder.js";

export interface DispatchContext {
  readonly dataPlane: DataPlane;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly recorder: RequestRecorder;
  readonly rng: Rng;
  readonly newRequestId: () => string;
}

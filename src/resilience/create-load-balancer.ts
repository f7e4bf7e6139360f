// A balancer by its name in the plan.
import { LeastRequest } from "./least-request.js";
import type { Candidate, LoadBalancer, LoadBalancerKind } from "./load-balancer.js";
import { Maglev } from "./maglev.js";
import { PeakEwma } from "./peak-ewma.js";
import { RandomChoice } from "./random-choice.js";
import { RingHash } from "./ring-hash.js";
import { RoundRobin } from "./round-robin.js";

export function createLoadBalancer<C extends Candidate>(kind: LoadBalancerKind): LoadBalancer<C> {
  switch (kind) {
    case "round-robin":
      return new RoundRobin<C>();
    case "random":
      return new RandomChoice<C>();
    case "least-request":
      return new LeastRequest<C>();
    case "peak-ewma":
      return new PeakEwma<C>();
    case "ring-hash":
      return new RingHash<C>();
    case "maglev":
      return new Maglev<C>();
    case "first":
      return { pick: (candidates, _draw, among = candidates) => among[0] };
  }
}

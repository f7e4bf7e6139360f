// What programs hand in: the forms of tusk.yaml, with lists and objects that may be constant.
import type { GatewayFile, ServiceFile } from "../model/app-schema.js";

type Given<T> = T extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Given<T[Key]> }
    : T;

/** A service as it is written in tusk.yaml. */
export type ServiceInput = Given<ServiceFile>;
/** The gateway as it is written in tusk.yaml. */
export type GatewayInput = Given<GatewayFile>;
/** A route as it is written under `gateway.routes`. */
export type RouteInput = NonNullable<GatewayInput["routes"]>[number];
/** What tusk.yaml takes under a service's `traffic`. */
export type TrafficInput = NonNullable<ServiceInput["traffic"]>;

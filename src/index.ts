// `tusklang`: the platform object, its configuration, its database.
export { TuskError } from "./base/errors.js";
export { TuskConfig } from "./sdk/config.js";
export { fujsen } from "./sdk/intelligence.js";
export type { Failure, Outcome, Remarks } from "./sdk/outcome.js";
export { type ConnectOptions, type PlatformConfig, type PlatformOptions, TuskMicroservices } from "./sdk/platform.js";
export { type Inserted, TuskDB } from "./sdk/tusk-db.js";
export { type MicroservicesParts, TuskLang } from "./sdk/tusk-lang.js";

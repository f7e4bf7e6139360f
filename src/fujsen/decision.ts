// A decision as data: which function, in which version, was given what and answered what. Since FUJSEN is pure, the
// same function on the same inputs gives the identical output on every machine; replay() says whether it does.
import { messageOf, TuskError } from "../base/errors.js";
import { canonicalJson } from "../base/hash.js";
import { nameHint } from "../base/nearest-name.js";
import { type DecisionFunction, decisionFunctions } from "./decision-functions.js";
import { decodeRecorded, encodeRecorded } from "./recorded-value.js";

/** Plain JSON. Numbers that JSON cannot hold are written `{ "$number": "NaN" }`. */
export interface DecisionRecord {
  /** Given by whoever stores it. */
  readonly id?: string;
  readonly function: string;
  readonly version: string;
  /** Positional; of an analysis, what was read of its rows, with their digest. */
  readonly inputs: readonly unknown[];
  readonly output: unknown;
  /** What the output rests on, in short: how many rows, of which time. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface Replay {
  readonly identical: boolean;
  /** Why not; null when identical. */
  readonly reason: string | null;
  /** What the function answers today; null when it was not run. */
  readonly output: unknown;
}

export interface Decided {
  readonly output: unknown;
  readonly record: DecisionRecord;
}

export type DecisionFunctions = Readonly<Record<string, DecisionFunction>>;

/**
 * Runs the function on the inputs as they are recorded, so that a replay sees the same.
 * Throws NOT_FOUND for an unknown function, and what the function throws.
 */
export function decide(
  name: string,
  inputs: readonly unknown[],
  functions: DecisionFunctions = decisionFunctions,
): Decided {
  const known = functionOf(name, functions);
  if (!known) {
    const hint = nameHint(name, Object.keys(functions));
    throw new TuskError("NOT_FOUND", `fujsen has no function \`${name}\``, { hint });
  }
  const recorded = known.condense(inputs).map((input) => encodeRecorded(input) ?? null);
  const output = known.run(recorded.map((input) => decodeRecorded(input)));
  const evidence = known.evidence(output);
  return {
    output,
    record: { function: name, version: known.version, inputs: recorded, output: encodeRecorded(output), evidence },
  };
}

/** Never throws: a record may be old, damaged or somebody else's. */
export function replay(record: DecisionRecord, functions: DecisionFunctions = decisionFunctions): Replay {
  const known = functionOf(record.function, functions);
  if (!known) return notRun(`there is no function \`${record.function}\``);
  if (record.version !== known.version) {
    return notRun(`it was version ${record.version} of ${record.function}, which is version ${known.version} now`);
  }
  if (!Array.isArray(record.inputs)) return notRun("its inputs are not a list");
  try {
    const output = known.run(record.inputs.map((input) => decodeRecorded(input)));
    const identical = canonicalJson(encodeRecorded(output)) === canonicalJson(record.output);
    return { identical, reason: identical ? null : "the output differs", output };
  } catch (error) {
    return notRun(`it fails on the recorded inputs: ${messageOf(error)}`);
  }
}

function functionOf(name: string, functions: DecisionFunctions): DecisionFunction | undefined {
  return Object.hasOwn(functions, name) ? functions[name] : undefined;
}

const notRun = (reason: string): Replay => ({ identical: false, reason, output: null });

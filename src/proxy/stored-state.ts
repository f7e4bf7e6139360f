// The last good plan and endpoints on disk, so that a worker that replaces another serves before anybody talks to it.
import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../base/errors.js";
import type { DataPlane } from "./data-plane.js";
import { endpointsInStep } from "./steps.js";

const pieceLength = 64 * 1024;

type Part = "plan" | "endpoints";

export class StoredState {
  readonly #paths: Readonly<Record<Part, string>>;
  readonly #waiting = new Map<Part, unknown>();
  #writing: Promise<void> | null = null;

  constructor(folder: string, slot: number) {
    const path = (part: Part): string => join(folder, `worker-${slot}.${part}.json`);
    this.#paths = { plan: path("plan"), endpoints: path("endpoints") };
  }

  /** What cannot be read or is refused is left out: the controller sends it anew. */
  load(dataPlane: DataPlane): void {
    const plan = readOrNull(this.#paths.plan);
    if (plan !== null) complain(this.#paths.plan, dataPlane.applyPlan(plan));
    const endpoints = readOrNull(this.#paths.endpoints);
    if (endpoints !== null) complain(this.#paths.endpoints, dataPlane.applyEndpoints(endpoints));
  }

  /** Of several waiting only the last is written. Resolves when there is nothing left to write. */
  async save(part: Part, value: unknown): Promise<void> {
    this.#waiting.set(part, value);
    this.#writing ??= this.#write();
    await this.#writing;
  }

  async #write(): Promise<void> {
    for (let next = this.#take(); next; next = this.#take()) {
      const [part, value] = next;
      const temporary = `${this.#paths[part]}.${process.pid}.tmp`;
      try {
        await writeFile(temporary, joined(piecesOf(value)), { mode: 0o600 });
        await rename(temporary, this.#paths[part]);
      } catch (error) {
        // Serving does not depend on it; standard error is the worker's log.
        process.stderr.write(`cannot keep the ${part}: ${messageOf(error)}\n`);
      }
    }
    this.#writing = null;
  }

  #take(): [Part, unknown] | undefined {
    const [next] = this.#waiting;
    if (next) this.#waiting.delete(next[0]);
    return next;
  }
}

/** Each piece is a write of its own: not for every bracket. */
function* joined(pieces: Iterable<string>): Generator<string> {
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < pieceLength) continue;
    yield text;
    text = "";
  }
  yield text;
}

/** The value as JSON; a long list in it in pieces, because to make the text of thousands of endpoints holds up traffic. */
function* piecesOf(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    for (let from = 0; from < value.length || from === 0; from += endpointsInStep) {
      const slice = JSON.stringify(value.slice(from, from + endpointsInStep)).slice(1, -1);
      yield `${from === 0 ? "[" : ","}${slice}`;
    }
    yield "]";
  } else if (typeof value === "object" && value !== null) {
    let sign = "{";
    for (const [name, field] of Object.entries(value)) {
      if (field === undefined) continue;
      yield `${sign}${JSON.stringify(name)}:`;
      yield* piecesOf(field);
      sign = ",";
    }
    yield sign === "{" ? "{}" : "}";
  } else yield JSON.stringify(value);
}

function readOrNull(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") process.stderr.write(`${path}: ${messageOf(error)}\n`);
    return null;
  }
}

function complain(path: string, answer: { readonly type: string; readonly problems?: readonly string[] }): void {
  if (answer.type === "refused") process.stderr.write(`${path} is refused: ${answer.problems?.join("; ")}\n`);
}

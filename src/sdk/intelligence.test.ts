import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TuskError } from "../base/errors.js";
import { FakeClock } from "../base/fake-clock.js";
import type { ProcessedMetrics } from "../fujsen/process-metrics.js";
import {
  currentTraceparent,
  fujsen,
  type IntelligenceHost,
  type IntelligenceSpan,
  inTrace,
  type MicroservicesIntelligence,
  type StampedDecision,
} from "./intelligence.js";
import type { Failure } from "./outcome.js";

type Answer =
  | { readonly success: true; readonly functions: readonly string[]; readonly trace: string | null }
  | Failure;

class MemoryHost implements IntelligenceHost {
  readonly clock = new FakeClock();
  readonly rng = Math.random;
  readonly decisions: StampedDecision[] = [];
  readonly spans: IntelligenceSpan[] = [];

  recordDecisions(decisions: readonly StampedDecision[]): void {
    this.decisions.push(...decisions);
  }

  recordSpan(span: IntelligenceSpan): void {
    this.spans.push(span);
  }
}

const metric = { service_id: "users", timestamp: "2026-01-01T00:00:00Z", response_time: 5 };

class Planner {
  declare readonly fujsen: MicroservicesIntelligence;
  readonly platform: { readonly intelligence: IntelligenceHost };
  readonly #secret = "kept";

  constructor(host: IntelligenceHost) {
    this.platform = { intelligence: host };
  }

  @fujsen.intelligence
  async analyze(gate: Promise<unknown> = Promise.resolve()): Promise<Answer> {
    const processed: ProcessedMetrics = this.fujsen.processMicroservicesMetrics(metric);
    await gate;
    this.fujsen.generateMicroservicesInsights(
      this.fujsen.analyzeMicroservicesPerformance(processed.ok ? processed.rows : []),
    );
    return this.#answer();
  }

  @fujsen.intelligence()
  async nested(): Promise<Answer> {
    this.fujsen.processMicroservicesMetrics([]);
    const inner = await this.analyze();
    if (!inner.success) return inner;
    assert.equal(inner.functions.length, 3);
    return this.#answer();
  }

  @fujsen.intelligence
  async refuse(error: unknown): Promise<Answer> {
    throw error;
  }

  #answer(): Answer {
    assert.equal(this.#secret, "kept");
    const functions = this.fujsen.decisions().map((record) => record.function);
    return { success: true, functions, trace: currentTraceparent() };
  }
}

const threeCalls = ["processMicroservicesMetrics", "analyzeMicroservicesPerformance", "generateMicroservicesInsights"];

describe("@fujsen.intelligence", () => {
  it("hands each decision to the platform, as data that replays", async () => {
    const host = new MemoryHost();
    const planner = new Planner(host);
    const answer = await planner.analyze();
    assert.deepEqual(answer.success && answer.functions, threeCalls);
    assert.deepEqual(
      host.decisions.map((record) => record.function),
      threeCalls,
    );
    for (const record of host.decisions) {
      assert.match(record.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
      assert.equal(planner.fujsen.replay(JSON.parse(JSON.stringify(record))).identical, true);
    }
  });

  it("gives nested calls an engine and a span of their own, in one trace", async () => {
    const host = new MemoryHost();
    const answer = await new Planner(host).nested();
    assert.deepEqual(answer.success && answer.functions, ["processMicroservicesMetrics"]);
    const [inner, outer] = host.spans;
    assert.equal(inner?.parentSpanId, outer?.spanId);
    assert.equal(inner?.traceId, outer?.traceId);
    assert.equal(outer?.parentSpanId, null);
    assert.deepEqual([inner?.name, outer?.name], ["Planner.analyze", "Planner.nested"]);
    assert.equal(answer.success && answer.trace, `00-${outer?.traceId}-${outer?.spanId}-01`);
  });

  it("does not mix calls that run at the same time", async () => {
    const host = new MemoryHost();
    const planner = new Planner(host);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const running = [planner.analyze(gate), planner.analyze(gate)];
    open();
    for (const answer of await Promise.all(running)) assert.deepEqual(answer.success && answer.functions, threeCalls);
    assert.notEqual(host.spans[0]?.traceId, host.spans[1]?.traceId);
  });

  it("turns a throw into the failure value and marks the span", async () => {
    const host = new MemoryHost();
    const planner = new Planner(host);
    const refused = await planner.refuse(new TuskError("UNKNOWN_SERVICE", "no service `x`"));
    assert.deepEqual(refused, { success: false, error: "no service `x`", code: "UNKNOWN_SERVICE" });
    assert.deepEqual(await planner.refuse("odd"), { success: false, error: "odd", code: "INTERNAL" });
    assert.deepEqual(
      host.spans.map(({ status, code }) => [status, code]),
      [
        ["error", "UNKNOWN_SERVICE"],
        ["error", "INTERNAL"],
      ],
    );
  });

  it("continues a received trace and ignores an invalid one", async () => {
    const host = new MemoryHost();
    const planner = new Planner(host);
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    await inTrace(`00-${traceId}-b7ad6b7169203331-01`, () => planner.analyze());
    await inTrace("00-nonsense", () => planner.analyze());
    assert.deepEqual([host.spans[0]?.traceId, host.spans[0]?.parentSpanId], [traceId, "b7ad6b7169203331"]);
    assert.equal(host.spans[1]?.parentSpanId, null);
  });

  it("loses no result when the platform cannot record", async () => {
    const host = new MemoryHost();
    host.recordSpan = () => {
      throw new Error("full");
    };
    host.recordDecisions = () => Promise.reject(new Error("full"));
    const warnings: Error[] = [];
    const listen = (warning: Error): number => warnings.push(warning);
    process.on("warning", listen);
    const answer = await new Planner(host).analyze();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listen);
    assert.equal(answer.success, true);
    assert.deepEqual(
      warnings.map(({ name }) => name),
      ["TuskWarning", "TuskWarning"],
    );
  });

  it("serves a class that has `fujsen` as a field", async () => {
    class Plain {
      fujsen!: MicroservicesIntelligence;

      @fujsen.intelligence
      async count(): Promise<{ success: true; count: number } | Failure> {
        this.fujsen.processMicroservicesMetrics(metric);
        return { success: true, count: this.fujsen.decisions().length };
      }
    }
    assert.deepEqual(await new Plain().count(), { success: true, count: 1 });
    const frozen = await Object.freeze(new Plain()).count();
    assert.equal(frozen.success, false);
  });

  it("decorates any method, whatever it gives back", async () => {
    const host = new MemoryHost();
    class Mixed {
      declare readonly fujsen: MicroservicesIntelligence;
      readonly platform = { intelligence: host };

      @fujsen.intelligence
      async go(rows: readonly unknown[]) {
        if (rows.length === 0) throw new TuskError("REQUEST_INVALID", "no rows");
        return { success: true as const, rows: rows.length };
      }

      @fujsen.intelligence
      double(value: number): number {
        if (value < 0) throw new RangeError("below zero");
        return value * 2;
      }

      @fujsen.intelligence({ rethrow: true })
      async first<Item>(items: readonly Item[]): Promise<Item | undefined> {
        if (items.length > 1) throw new RangeError("too many");
        return items[0];
      }

      @fujsen.intelligence
      static named(): string {
        return "static";
      }
    }
    const mixed = new Mixed();
    assert.deepEqual(await mixed.go([1]), { success: true, rows: 1 });
    assert.deepEqual(await mixed.go([]), { success: false, error: "no rows", code: "REQUEST_INVALID" });
    assert.equal(mixed.double(2), 4);
    assert.throws(() => mixed.double(-1), RangeError);
    assert.equal(await mixed.first(["a"]), "a");
    await assert.rejects(mixed.first([1, 2]), RangeError);
    assert.equal(Mixed.named(), "static");
    assert.deepEqual(
      host.spans.map(({ name, status }) => [name.replace("Mixed.", ""), status]),
      [
        ...[
          ["go", "ok"],
          ["go", "error"],
          ["double", "ok"],
          ["double", "error"],
        ],
        ...[
          ["first", "ok"],
          ["first", "error"],
        ],
      ],
    );
    assert.deepEqual([mixed.go.name, mixed.go.length], ["go", 1]);
  });

  it("works in the call form of experimentalDecorators", async () => {
    class Legacy {
      async count(this: Legacy & { readonly fujsen: MicroservicesIntelligence }, value: number): Promise<number> {
        this.fujsen.processMicroservicesMetrics(metric);
        return value + this.fujsen.decisions().length;
      }
    }
    for (const decorate of [fujsen.intelligence, fujsen.intelligence()]) {
      const descriptor = Object.getOwnPropertyDescriptor(Legacy.prototype, "count") as PropertyDescriptor;
      const decorated = decorate(Legacy.prototype, "count", descriptor) as unknown as PropertyDescriptor;
      const instance = Object.defineProperty(new Legacy(), "count", decorated);
      assert.equal(await (instance as unknown as { count(value: number): Promise<number> }).count(1), 2);
    }
    assert.throws(() => fujsen.intelligence(Legacy.prototype, "field", {}), { code: "REQUEST_INVALID" });
  });

  it("wraps a function for programs without decorators", async () => {
    const plan = fujsen.intelligence(async function plan(row: object) {
      this.fujsen.processMicroservicesMetrics(row);
      if (!("service_id" in row)) throw new TuskError("REQUEST_INVALID", "no service");
      return this.fujsen.decisions().length;
    });
    assert.equal(await plan(metric), 1);
    const failed: number | Failure = await plan({});
    assert.deepEqual(failed, { success: false, error: "no service", code: "REQUEST_INVALID" });
    const host = new MemoryHost();
    const owner = { platform: { intelligence: host }, plan };
    assert.equal(await owner.plan(metric), 1);
    assert.deepEqual(
      host.spans.map(({ name }) => name),
      ["Object.plan"],
    );
  });
});

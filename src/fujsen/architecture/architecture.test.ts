// Planted weaknesses are found, a healthy architecture has none, and what is not known is said instead of guessed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { TuskError } from "../../base/errors.js";
import { MicroservicesIntelligence } from "../engine.js";
import { analyzeMicroservicesArchitecture } from "./analyze-architecture.js";
import { inSeries } from "./flow-model.js";
import type { ArchitectureEdge, ArchitectureInput, ArchitectureService } from "./input.js";
import { type ArchitectureFindingKind, identifyMicroservicesOptimizations } from "./optimizations.js";
import { prioritizeMicroservicesOptimizations } from "./priorities.js";
import { generateMicroservicesOptimizationStrategies } from "./strategies.js";

const service = (name: string, change: Partial<ArchitectureService> = {}): ArchitectureService => ({
  name,
  replicas: 2,
  stores: [`${name}-db`],
  ...change,
});

const edge = (caller: string, callee: string, change: Partial<ArchitectureEdge> = {}): ArchitectureEdge => ({
  caller,
  callee,
  requests: 1000,
  errors: 0,
  latencyMs: 20,
  timeoutMs: 1000,
  breaker: true,
  ...change,
});

const route = { name: "shop", service: "shop", requests: 1000, errors: 0, latencyMs: 100 };
const healthy: ArchitectureInput = {
  services: [service("shop"), service("orders"), service("users")],
  edges: [edge("shop", "orders", { latencyMs: 50 }), edge("orders", "users")],
  routes: [route],
};

function findingsOf(input: ArchitectureInput) {
  return identifyMicroservicesOptimizations(analyzeMicroservicesArchitecture(input)).findings;
}

function optimize(input: ArchitectureInput) {
  const found = identifyMicroservicesOptimizations(analyzeMicroservicesArchitecture(input));
  const strategies = generateMicroservicesOptimizationStrategies(found);
  return { ...found, ...strategies, ...prioritizeMicroservicesOptimizations(strategies) };
}

const near = (actual: number | null | undefined, expected: number): void =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-4, `${actual} is not ${expected}`);

const chain = ["shop", "a", "b", "c", "d"];
const chained = (change: Partial<ArchitectureEdge> = {}): ArchitectureInput => ({
  services: chain.map((name) => service(name)),
  edges: chain.slice(1).map((name, index) => edge(chain[index] ?? "", name, { latencyMs: 40 - 10 * index, ...change })),
  routes: [route],
});
const crowd = ["c1", "c2", "c3", "c4", "c5"];

/** Each by a change of the healthy one that plants it alone, and by what must not be enough for it. */
const planted: Readonly<
  Record<
    ArchitectureFindingKind,
    { readonly with: ArchitectureInput; readonly services: string[]; readonly without: ArchitectureInput }
  >
> = {
  cycle: {
    with: { ...healthy, edges: [...(healthy.edges ?? []), edge("users", "orders", { requests: 60 })] },
    services: ["orders", "users"],
    // An event closes no circle that anyone waits in.
    without: {
      ...healthy,
      edges: [...(healthy.edges ?? []), edge("users", "orders", { requests: 60, asynchronous: true })],
    },
  },
  "single-point-of-failure": {
    with: { ...healthy, services: [service("shop"), service("orders", { replicas: 1 }), service("users")] },
    services: ["orders"],
    without: { ...healthy, services: [service("shop"), service("orders", { replicas: null }), service("users")] },
  },
  "missing-timeout": {
    with: { ...healthy, edges: [edge("shop", "orders", { timeoutMs: 0, latencyMs: 50 }), edge("orders", "users")] },
    services: ["shop", "orders"],
    without: {
      ...healthy,
      edges: [edge("shop", "orders", { timeoutMs: null, latencyMs: 50 }), edge("orders", "users")],
    },
  },
  "missing-breaker": {
    with: {
      ...healthy,
      edges: [edge("shop", "orders", { latencyMs: 50 }), edge("orders", "users", { breaker: false })],
    },
    services: ["orders", "users"],
    // Four in ten requests are fewer than half.
    without: {
      ...healthy,
      edges: [edge("shop", "orders", { latencyMs: 50 }), edge("orders", "users", { breaker: false, requests: 400 })],
    },
  },
  "n-plus-one": {
    with: {
      ...healthy,
      edges: [edge("shop", "orders", { latencyMs: 50 }), edge("orders", "users", { requests: 20_000, latencyMs: 2 })],
    },
    services: ["orders", "users"],
    without: {
      ...healthy,
      edges: [edge("shop", "orders", { latencyMs: 50 }), edge("orders", "users", { requests: 4_000, latencyMs: 10 })],
    },
  },
  chatty: {
    // 20 × 20 ms are more than the 50 ms of the caller: they are not made in a row.
    with: {
      ...healthy,
      edges: [edge("shop", "orders", { latencyMs: 50 }), edge("orders", "users", { requests: 20_000 })],
    },
    services: ["orders", "users"],
    without: {
      ...healthy,
      edges: [edge("shop", "orders", { latencyMs: 50 }), edge("orders", "users", { requests: 4_999 })],
    },
  },
  "long-chain": {
    with: chained(),
    services: chain,
    without: chained({ asynchronous: true }),
  },
  hub: {
    with: {
      services: [...(healthy.services ?? []), ...crowd.map((name) => service(name))],
      edges: [...(healthy.edges ?? []), ...crowd.map((name) => edge(name, "users"))],
      routes: [route, ...crowd.map((name) => ({ ...route, name, service: name }))],
    },
    services: ["users"],
    without: {
      services: [...(healthy.services ?? []), ...crowd.slice(2).map((name) => service(name))],
      edges: [...(healthy.edges ?? []), ...crowd.slice(2).map((name) => edge(name, "users"))],
      routes: [route, ...crowd.slice(2).map((name) => ({ ...route, name, service: name }))],
    },
  },
  "shared-database": {
    with: {
      ...healthy,
      services: [service("shop"), service("orders"), service("users", { stores: ["users-db", "orders-db"] })],
    },
    services: ["orders", "users"],
    without: { ...healthy, services: [service("shop"), service("orders"), service("users", { stores: null })] },
  },
  "mixed-workload": {
    with: {
      ...healthy,
      services: [
        service("shop"),
        service("orders"),
        service("users", {
          operations: [
            { name: "reports", requests: 100, latencyMs: 900 },
            { name: "reads", requests: 900, latencyMs: 5 },
          ],
        }),
      ],
    },
    services: ["users"],
    without: {
      ...healthy,
      services: [
        service("shop"),
        service("orders"),
        service("users", {
          operations: [
            { name: "reports", requests: 100, latencyMs: 49 },
            { name: "reads", requests: 900, latencyMs: 5 },
          ],
        }),
      ],
    },
  },
  "merge-candidate": {
    with: { ...healthy, services: [service("shop"), service("orders"), service("users", { stores: [] })] },
    services: ["orders", "users"],
    without: { ...healthy, services: [service("shop"), service("orders"), service("users", { stores: null })] },
  },
  "never-called": {
    with: { ...healthy, services: [...(healthy.services ?? []), service("forgotten")] },
    services: ["forgotten"],
    // It works by itself.
    without: {
      ...healthy,
      services: [...(healthy.services ?? []), service("forgotten")],
      edges: [...(healthy.edges ?? []), edge("forgotten", "users", { requests: 10 })],
    },
  },
};

describe("identifyMicroservicesOptimizations", () => {
  it("finds nothing in a healthy architecture, and nothing in none", () => {
    assert.deepEqual(findingsOf(healthy), []);
    assert.deepEqual(findingsOf({}), []);
    assert.deepEqual(optimize(healthy).optimizations, []);
  });

  for (const [kind, { with: input, services, without }] of Object.entries(planted)) {
    it(`finds ${kind} where it is planted, and not where it is not quite`, () => {
      const found = findingsOf(input).filter((finding) => finding.kind === kind);
      assert.deepEqual(
        found.map((finding) => finding.services),
        [services],
      );
      assert.ok(found[0]?.reason.includes(services[0] ?? "-"));
      assert.ok(!findingsOf(without).some((finding) => finding.kind === kind));
    });
  }

  it("concludes nothing from what is not known", () => {
    const bare = {
      edges: [
        { caller: "a", callee: "b" },
        { caller: "b", callee: "c", requests: 9000 },
      ],
      services: [{ name: "lone" }],
    };
    assert.deepEqual(
      findingsOf(bare).filter(({ kind }) => kind !== "never-called"),
      [],
    );
    const { notKnown, services, edges } = analyzeMicroservicesArchitecture(bare);
    assert.ok(notKnown.some((gap) => gap.startsWith("replicas of: a, b, c, lone")));
    assert.deepEqual(
      edges.map(({ callsPerRequest }) => callsPerRequest),
      [null, null],
    );
    assert.ok(services.every(({ need, share }) => need === null && share === null));
  });
});

describe("availability and latency of a route", () => {
  it("are put together through the graph, each failure counted once", () => {
    const input: ArchitectureInput = {
      ...healthy,
      edges: [
        edge("shop", "orders", { requests: 2000, errors: 40, latencyMs: 30 }),
        edge("orders", "users", { requests: 1000, errors: 10, latencyMs: 8 }),
      ],
    };
    const { services, routes } = analyzeMicroservicesArchitecture({
      ...input,
      routes: [{ ...route, errors: 50 }],
    });
    const own = new Map(services.map((known) => [known.name, known]));
    // orders: 0.98 seen; half a call of users at 0.99 succeeds with 0.995.
    near(own.get("orders")?.ownAvailability, 0.98 / 0.995);
    near(own.get("orders")?.ownLatencyMs, 30 - 0.5 * 8);
    near(own.get("shop")?.ownLatencyMs, 100 - 2 * 30);
    // Two calls at 0.98 leave 0.9604: more than the 5 % that were seen to fail, so shop adds 0.95 / 0.9604.
    near(routes[0]?.availability, 0.95);
    near(routes[0]?.computedLatencyMs, 100);
    assert.deepEqual(routes[0]?.criticalPath, [
      { service: "shop", ms: 40 },
      { service: "orders", ms: 52 },
      { service: "users", ms: 8 },
    ]);
  });

  it("take what is given of a service in place of what its calls show", () => {
    const services = [service("shop", { availability: 0.99, latencyMs: 70 }), service("orders"), service("users")];
    const [known] = analyzeMicroservicesArchitecture({
      ...healthy,
      services,
      routes: [{ name: "r", service: "shop", requests: 1000 }],
    }).routes;
    near(known?.availability, 0.99);
    near(known?.computedLatencyMs, 70);
  });

  it("take calls that need more time than there was as made at once", () => {
    const input = {
      services: [service("shop")],
      edges: [edge("shop", "a", { latencyMs: 60 }), edge("shop", "b", { latencyMs: 80 })],
      routes: [route],
    };
    const shop = analyzeMicroservicesArchitecture(input).services.find(({ name }) => name === "shop");
    assert.equal(shop?.waits, "at-once");
    near(shop?.ownLatencyMs, 20);
  });

  it("are not known with a fact missing or a cycle on the way, and the fact is named", () => {
    const blind = {
      ...healthy,
      edges: [edge("shop", "orders"), edge("orders", "users", { errors: null, latencyMs: null })],
    };
    const [first] = analyzeMicroservicesArchitecture(blind).routes;
    assert.deepEqual([first?.availability, first?.computedLatencyMs, first?.criticalPath], [null, null, []]);
    assert.ok(first?.notKnown.includes("the availability of users"));
    const [second] = analyzeMicroservicesArchitecture(planted.cycle.with).routes;
    assert.equal(second?.availability, null);
    assert.match(second?.notKnown.join() ?? "", /orders, which is in a cycle/);
  });

  it("count a call that is made so many times as so many in series", () => {
    near(inSeries(0.9, 3), 0.729);
    near(inSeries(0.9, 0.5), 0.95);
    near(inSeries(0.9, 2.5), 0.81 * 0.95);
    assert.equal(inSeries(1, 1e15), 1);
    assert.equal(inSeries(0.5, 1e15), 0);
  });
});

describe("strategies and their order", () => {
  it("predict what a batch saves by the model", () => {
    const { strategies, optimizations } = optimize(planted["n-plus-one"].with);
    const batch = strategies.find(({ kind }) => kind === "batch-calls");
    // 20 calls of 2 ms become one: 38 of 100 ms.
    assert.deepEqual(
      [batch?.gain.basis, batch?.gain.before, batch?.gain.after, batch?.gain.share],
      ["latency", 100, 62, 0.38],
    );
    const ranked = optimizations.find(({ kind }) => kind === "batch-calls");
    near(ranked?.priority, 0.38 / 3);
    assert.match(ranked?.why ?? "", /0\.38 ÷ effort 3/);
  });

  it("rank cheap and large before dear and small, and the unknown last", () => {
    const { optimizations } = optimize({
      services: [service("shop"), service("orders", { replicas: 1 }), service("users", { stores: [] })],
      edges: [
        edge("shop", "orders", { latencyMs: 50 }),
        edge("orders", "users", { requests: 20_000, latencyMs: 2 }),
        edge("orders", "tax"),
      ],
      routes: [route],
    });
    const priorities = optimizations.map(({ priority }) => priority ?? -1);
    assert.deepEqual(
      priorities,
      [...priorities].sort((left, right) => right - left),
    );
    assert.deepEqual([optimizations[0]?.kind, optimizations[0]?.rank], ["add-replica", 1]);
    near(optimizations[0]?.priority, 0.25);
    const merged = optimize(planted["merge-candidate"].with).optimizations;
    assert.deepEqual([merged.at(-1)?.kind, merged.at(-1)?.priority], ["merge-services", null]);
  });

  it("have one strategy for each finding, with a share from 0 to 1", () => {
    for (const [kind, { with: input }] of Object.entries(planted)) {
      const { findings, strategies } = optimize(input);
      assert.equal(strategies.length, findings.length, kind);
      for (const { gain, what } of strategies) {
        assert.ok(gain.share === null || (gain.share >= 0 && gain.share <= 1), `${kind}: ${gain.share}`);
        assert.ok(!what.includes("undefined"), what);
      }
    }
  });
});

describe("input that cannot be read", () => {
  const bad: readonly (readonly [string, unknown, string])[] = [
    ["no object", null, ""],
    ["services that are no list", { services: {} }, "services"],
    ["a service without a name", { services: [{}] }, "services[0].name"],
    ["a service twice", { services: [{ name: "a" }, { name: "a" }] }, "services[1].name"],
    ["half a replica", { services: [{ name: "a", replicas: 0.5 }] }, "services[0].replicas"],
    ["an availability of 2", { services: [{ name: "a", availability: 2 }] }, "services[0].availability"],
    ["no list of stores", { services: [{ name: "a", stores: "x" }] }, "services[0].stores"],
    [
      "an operation without a latency",
      { services: [{ name: "a", operations: [{ name: "x", requests: 1 }] }] },
      "services[0].operations[0].latencyMs",
    ],
    ["NaN", { edges: [edge("a", "b", { requests: Number.NaN })] }, "edges[0].requests"],
    ["negative counts", { edges: [edge("a", "b", { requests: -1 })] }, "edges[0].requests"],
    ["infinite latency", { edges: [edge("a", "b", { latencyMs: Number.POSITIVE_INFINITY })] }, "edges[0].latencyMs"],
    ["more errors than requests", { edges: [edge("a", "b", { errors: 1001 })] }, "edges[0].errors"],
    ["errors of no requests", { routes: [{ ...route, requests: null, errors: 1 }] }, "routes[0].errors"],
    ["a route to two services", { routes: [route, { ...route, service: "x" }] }, "routes[1].service"],
    ["a breaker that is a text", { edges: [{ caller: "a", callee: "b", breaker: "yes" }] }, "edges[0].breaker"],
  ];
  for (const [what, input, path] of bad) {
    it(`is refused: ${what}`, () => {
      assert.throws(
        () => analyzeMicroservicesArchitecture(input as ArchitectureInput),
        (error: TuskError) =>
          error.code === "REQUEST_INVALID" && error.problems.some((problem) => problem.path === path),
      );
    });
  }

  it("is told with all its problems", () => {
    const input = { edges: [edge("", "b", { requests: -1 })], services: [{ name: "a", requests: -1 }] };
    assert.throws(
      () => analyzeMicroservicesArchitecture(input),
      (error: TuskError) => error.problems.length === 3,
    );
  });
});

const names = ["a", "b", "c", "d", "e", "f", "g"];
const count = fc.integer({ min: 0, max: 100_000 });
const perhaps = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value, { nil: null });
const anyEdge: fc.Arbitrary<ArchitectureEdge> = fc
  .record({
    caller: fc.constantFrom(...names),
    callee: fc.constantFrom(...names),
    requests: count,
    failing: perhaps(fc.double({ min: 0, max: 1, noNaN: true })),
    latencyMs: perhaps(fc.double({ min: 0, max: 5000, noNaN: true })),
    timeoutMs: perhaps(fc.constantFrom(0, 1000)),
    breaker: perhaps(fc.boolean()),
    asynchronous: fc.boolean(),
  })
  .map(({ failing, ...rest }) => ({ ...rest, errors: failing === null ? null : Math.floor(rest.requests * failing) }));
const anyInput: fc.Arbitrary<ArchitectureInput> = fc.record({
  services: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...names),
      replicas: perhaps(fc.integer({ min: 0, max: 4 })),
      stores: perhaps(fc.uniqueArray(fc.constantFrom("x", "y", "z"))),
    }),
    { selector: ({ name }) => name },
  ),
  edges: fc.array(anyEdge, { maxLength: 25 }),
  routes: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("r", "s"),
      service: fc.constantFrom(...names),
      requests: perhaps(count),
      latencyMs: perhaps(fc.nat(9000)),
    }),
    { selector: ({ name }) => name },
  ),
});

/** Every name through `rename`, also inside sentences: names are single letters in words of their own. */
function renamed(input: ArchitectureInput, rename: (name: string) => string): ArchitectureInput {
  const { services = [], edges = [], routes = [] } = input;
  return {
    services: services.map((known) => ({ ...known, name: rename(known.name) })),
    edges: edges.map((call) => ({ ...call, caller: rename(call.caller), callee: rename(call.callee) })),
    routes: routes.map((known) => ({ ...known, service: rename(known.service) })),
  };
}

const kindsOf = (input: ArchitectureInput): string[] =>
  findingsOf(input)
    .map(({ kind }) => kind)
    .sort();

describe("for any architecture", () => {
  it("the order of the input does not show", () => {
    fc.assert(
      fc.property(anyInput, ({ services = [], edges = [], routes = [] }) => {
        const reversed = {
          services: [...services].reverse(),
          edges: [...edges].reverse(),
          routes: [...routes].reverse(),
        };
        assert.deepEqual(optimize(reversed), optimize({ services, edges, routes }));
      }),
    );
  });

  it("other names in the same order change nothing but the names", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const text = JSON.stringify(optimize(renamed(input, (name) => `n${name}n`)));
        assert.deepEqual(JSON.parse(text.replace(/\bn([a-g])n\b/g, "$1")), JSON.parse(JSON.stringify(optimize(input))));
      }),
    );
  });

  it("names in another order give as many findings of each kind", () => {
    const turned = (name: string): string => names[names.length - 1 - names.indexOf(name)] ?? "";
    fc.assert(
      fc.property(anyInput, (input) => {
        const withoutTies = (kinds: string[]): string[] => kinds.filter((kind) => kind !== "long-chain");
        assert.deepEqual(withoutTies(kindsOf(renamed(input, turned))), withoutTies(kindsOf(input)));
      }),
    );
  });

  it("counts times a power of two keep every finding", () => {
    fc.assert(
      fc.property(anyInput, fc.constantFrom(2, 8, 64), (input, factor) => {
        const grow = <Counts extends { requests?: number | null; errors?: number | null }>(counts: Counts): Counts => ({
          ...counts,
          requests: counts.requests == null ? null : counts.requests * factor,
          errors: counts.errors == null ? null : counts.errors * factor,
        });
        const grown = { ...input, edges: input.edges?.map(grow), routes: input.routes?.map(grow) } as ArchitectureInput;
        const told = (all: ArchitectureInput): string[] =>
          findingsOf(all).map(({ kind, services }) => JSON.stringify([kind, services]));
        const after = new Set(told(grown));
        // Where a longer chain comes into sight with its counts, it takes the shorter one's place.
        for (const finding of told(input)) if (!finding.includes("long-chain")) assert.ok(after.has(finding), finding);
      }),
    );
  });

  it("no result is NaN or infinite, and shares are between 0 and 1", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const whole = { ...analyzeMicroservicesArchitecture(input), ...optimize(input) };
        const visit = (value: unknown): void => {
          if (typeof value === "number") assert.ok(Number.isFinite(value));
          else if (typeof value === "object" && value !== null)
            for (const member of Object.values(value)) visit(member);
        };
        visit(whole);
        for (const { availability } of whole.routes)
          assert.ok(availability === null || (availability >= 0 && availability <= 1));
        for (const { need, share } of whole.services) assert.ok((need ?? 0) <= 1 && (share ?? 0) <= 1);
      }),
    );
  });
});

describe("the four decisions", () => {
  it("are recorded, and replay identically after they were stored", () => {
    const engine = new MicroservicesIntelligence();
    const found = engine.identifyMicroservicesOptimizations(
      engine.analyzeMicroservicesArchitecture(planted["n-plus-one"].with),
    );
    engine.prioritizeMicroservicesOptimizations(engine.generateMicroservicesOptimizationStrategies(found));
    const records = engine.decisions();
    assert.equal(records.length, 4);
    for (const record of records) {
      assert.equal(engine.replay(JSON.parse(JSON.stringify(record))).identical, true, record.function);
      assert.ok(Object.keys(record.evidence).length > 0);
    }
  });
});

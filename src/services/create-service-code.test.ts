import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { TuskError } from "../base/errors.js";
import { createServiceCode, describeServiceCode } from "./create-service-code.js";
import { generatedRecordFile, type ServiceCodeSpec } from "./service-code.js";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tusk-code-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function specOf(change: Partial<ServiceCodeSpec> = {}): ServiceCodeSpec {
  return { name: "parcel-service", language: "python", framework: "fastapi", dependencies: [], calls: [], ...change };
}

const common = [
  ".dockerignore",
  ".gitignore",
  "Dockerfile",
  "README.md",
  "app/__init__.py",
  "app/__main__.py",
  "app/body_limit.py",
  "app/database.py",
  "app/health.py",
  "app/logging.py",
  "app/main.py",
  "app/migrate.py",
  "app/parcels/__init__.py",
  "app/parcels/repository.py",
  "app/parcels/routes.py",
  "app/parcels/schemas.py",
  "app/parcels/service.py",
  "app/problem.py",
  "app/request.py",
  "app/settings.py",
  "app/tracing.py",
  "pyproject.toml",
  "requirements-dev.txt",
  "requirements.txt",
  "tests/__init__.py",
  "tests/conftest.py",
  "tests/test_health.py",
  "tests/test_parcels.py",
  "tests/test_tracing.py",
];

const idempotency = ["app/idempotency.py", "tests/test_idempotency.py"];
const listings: readonly (readonly [string, Partial<ServiceCodeSpec>, readonly string[]])[] = [
  ["nothing", {}, []],
  ["sqlalchemy", { dependencies: ["sqlalchemy"] }, ["app/parcels/table.py"]],
  ["redis", { dependencies: ["redis"] }, ["app/cache.py", "tests/test_cache.py"]],
  ["kafka", { dependencies: ["kafka"] }, ["app/outbox.py", "app/publisher.py", "tests/test_outbox.py"]],
  [
    "stripe",
    { dependencies: ["stripe"] },
    [...idempotency, "app/payment_provider.py", "tests/test_payment_provider.py"],
  ],
  [
    "a call",
    { calls: [{ name: "depot", dependencies: [] }] },
    ["app/calling.py", "app/clients/__init__.py", "app/clients/depot.py", "tests/test_clients.py"],
  ],
  [
    "a payment",
    { calls: [{ name: "till", dependencies: ["stripe"] }] },
    [...idempotency, "app/calling.py", "app/clients/__init__.py", "app/clients/till.py", "tests/test_clients.py"],
  ],
];

for (const [name, change, further] of listings) {
  test(`with ${name} these files are generated`, (t) => {
    const folder = temporaryFolder(t);
    const code = createServiceCode(specOf(change), { folder });
    assert.deepEqual(
      code.files.map(({ path }) => path),
      [...common, ...further].sort(),
    );
    assert.deepEqual(code.written, [...common, ...further].sort());
    for (const { path } of code.files) {
      const text = readFileSync(join(folder, path), "utf8");
      assert.ok(!/<%|%>|undefined|\[object/.test(text), `${path} is rendered whole`);
    }
  });
}

test("dependencies add packages, all pinned, and settings", (t) => {
  const folder = temporaryFolder(t);
  createServiceCode(specOf({ dependencies: ["SQLAlchemy", "redis", "kafka", "stripe", "pydantic"] }), { folder });
  const packages = readFileSync(join(folder, "requirements.txt"), "utf8").trim().split("\n").slice(1);
  assert.ok(packages.every((line) => /^[a-z0-9-]+==[0-9.]+$/.test(line)));
  const names = packages.map((line) => line.split("==")[0]);
  assert.deepEqual(names, [...names].sort());
  for (const name of ["sqlalchemy", "psycopg-binary", "redis", "confluent-kafka", "stripe"]) {
    assert.ok(packages.some((line) => line.startsWith(`${name}==`)));
  }
  const bare = temporaryFolder(t);
  createServiceCode(specOf(), { folder: bare });
  assert.ok(!/redis|kafka|stripe|sqlalchemy|httpx/.test(readFileSync(join(bare, "requirements.txt"), "utf8")));
});

test("a second run changes nothing", (t) => {
  const folder = temporaryFolder(t);
  const first = createServiceCode(specOf(), { folder });
  const record = readFileSync(join(folder, generatedRecordFile), "utf8");
  for (const force of [false, true]) {
    const again = createServiceCode(specOf(), { folder, force });
    assert.deepEqual([again.written, again.kept], [[], []]);
    assert.deepEqual(again.files, first.files);
    assert.equal(readFileSync(join(folder, generatedRecordFile), "utf8"), record);
  }
});

test("a file that is the user's is never touched, whatever is asked", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "README.md"), "mine");
  createServiceCode(specOf(), { folder });
  writeFileSync(join(folder, "app/main.py"), "# edited\n");
  for (const force of [false, true]) {
    const code = createServiceCode(specOf({ dependencies: ["redis"] }), { folder, force });
    assert.deepEqual(code.kept, ["README.md", "app/main.py"]);
    assert.equal(readFileSync(join(folder, "README.md"), "utf8"), "mine");
    assert.equal(readFileSync(join(folder, "app/main.py"), "utf8"), "# edited\n");
  }
});

test("force rewrites what is unchanged since it was generated, and only then", (t) => {
  const folder = temporaryFolder(t);
  createServiceCode(specOf(), { folder });
  const changed = specOf({ dependencies: ["redis"] });
  const gentle = createServiceCode(changed, { folder });
  assert.deepEqual(gentle.written, ["app/cache.py", "tests/test_cache.py"]);
  assert.ok(!readFileSync(join(folder, "requirements.txt"), "utf8").includes("redis"));
  const forced = createServiceCode(changed, { folder, force: true });
  assert.ok(forced.written.includes("requirements.txt"));
  assert.ok(readFileSync(join(folder, "requirements.txt"), "utf8").includes("redis"));
  assert.deepEqual(createServiceCode(changed, { folder, force: true }).written, []);
});

test("force removes what a dropped dependency leaves, unless somebody edited it", (t) => {
  const folder = temporaryFolder(t);
  const exists = (path: string): boolean => existsSync(join(folder, path));
  createServiceCode(specOf({ dependencies: ["redis"], calls: [{ name: "depot", dependencies: [] }] }), { folder });
  const clients = ["app/calling.py", "app/clients/__init__.py", "app/clients/depot.py", "tests/test_clients.py"];
  const left = [...clients, "app/cache.py", "tests/test_cache.py"].sort();
  const gentle = createServiceCode(specOf(), { folder });
  assert.deepEqual([gentle.removed, gentle.obsolete], [[], left]);
  assert.ok(left.every(exists));
  writeFileSync(join(folder, "app/cache.py"), "# edited\n");
  const forced = createServiceCode(specOf(), { folder, force: true });
  assert.deepEqual(forced.obsolete, ["app/cache.py"]);
  assert.deepEqual(
    forced.removed,
    left.filter((path) => path !== "app/cache.py"),
  );
  assert.deepEqual(left.filter(exists), ["app/cache.py"]);
  assert.ok(!exists("app/clients"));
  assert.deepEqual(createServiceCode(specOf(), { folder, force: true }).removed, []);
});

test("a record that names files elsewhere removes none of them", (t) => {
  const folder = temporaryFolder(t);
  const elsewhere = temporaryFolder(t);
  createServiceCode(specOf(), { folder });
  writeFileSync(join(elsewhere, "theirs"), "theirs");
  symlinkSync(elsewhere, join(folder, "link"));
  const sha256 = createHash("sha256").update("theirs").digest("hex");
  const paths = [join(elsewhere, "theirs"), `../${basename(elsewhere)}/theirs`];
  for (const path of paths) {
    const files = { [path]: sha256 };
    writeFileSync(join(folder, generatedRecordFile), JSON.stringify({ version: 1, files }));
    assert.deepEqual(createServiceCode(specOf(), { folder, force: true }).removed, []);
  }
  writeFileSync(join(folder, generatedRecordFile), JSON.stringify({ version: 1, files: { "link/theirs": sha256 } }));
  assert.throws(() => createServiceCode(specOf(), { folder, force: true }), isCode("CONFLICT"));
  assert.equal(readFileSync(join(elsewhere, "theirs"), "utf8"), "theirs");
});

test("without a record every file that differs is the user's; a deleted one comes back", (t) => {
  const folder = temporaryFolder(t);
  createServiceCode(specOf(), { folder });
  writeFileSync(join(folder, generatedRecordFile), "<<<<<<< broken");
  rmSync(join(folder, "app/main.py"));
  const code = createServiceCode(specOf({ dependencies: ["redis"] }), { folder, force: true });
  assert.ok(code.written.includes("app/main.py"));
  assert.ok(code.kept.includes("requirements.txt"));
});

test("a link is not followed out of the folder", (t) => {
  const folder = temporaryFolder(t);
  const elsewhere = temporaryFolder(t);
  writeFileSync(join(elsewhere, "theirs"), "theirs");
  symlinkSync(join(elsewhere, "theirs"), join(folder, "README.md"));
  assert.deepEqual(createServiceCode(specOf(), { folder, force: true }).kept, ["README.md"]);
  assert.equal(readFileSync(join(elsewhere, "theirs"), "utf8"), "theirs");
  const other = temporaryFolder(t);
  symlinkSync(elsewhere, join(other, "app"));
  assert.throws(() => createServiceCode(specOf(), { folder: other }), isCode("CONFLICT"));
  assert.ok(!existsSync(join(elsewhere, "main.py")));
});

test("a folder in a file's place is kept", (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "Dockerfile"));
  assert.deepEqual(createServiceCode(specOf(), { folder, force: true }).kept, ["Dockerfile"]);
});

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof TuskError && error.code === code;
}

test("every problem of a spec is named at once, and nothing is written", (t) => {
  const folder = join(temporaryFolder(t), "new");
  const spec = specOf({
    name: "../up",
    resource: "A b",
    dependencies: ["redsi", "x".repeat(9999)],
    calls: [
      { name: "a", dependencies: [] },
      { name: "a", dependencies: [] },
      { name: "<%= 1 %>", dependencies: [], resource: "../../etc" },
    ],
  });
  assert.throws(
    () => createServiceCode(spec, { folder }),
    (error: unknown) => {
      assert.ok(error instanceof TuskError);
      assert.equal(error.code, "SPEC_INVALID");
      assert.deepEqual(
        error.problems.map(({ path }) => path),
        ["name", "resource", "calls[2].name", "calls[2].resource", "calls", "dependencies[0]", "dependencies[1]"],
      );
      assert.match(error.problems[5]?.hint ?? "", /redis/);
      assert.ok(error.problems.every(({ message }) => message.length < 200));
      return true;
    },
  );
  assert.ok(!existsSync(folder));
});

test("an unknown framework gets the nearest that there is", (t) => {
  const folder = temporaryFolder(t);
  const misspelt = specOf({ framework: "fastpai" });
  assert.throws(
    () => createServiceCode(misspelt, { folder }),
    (error: unknown) => error instanceof TuskError && /python\/fastapi/.test(error.hint ?? ""),
  );
});

test("the manifest says what is exposed and what can be configured", () => {
  const manifest = describeServiceCode(
    specOf({ dependencies: ["redis", "stripe"], calls: [{ name: "depot-service", dependencies: [] }] }),
  );
  assert.equal(manifest.routePath, "/parcels");
  assert.equal(manifest.resource, "parcel");
  assert.deepEqual([manifest.healthPath, manifest.readyPath], ["/healthz", "/readyz"]);
  assert.deepEqual(manifest.runArguments, ["-m", "app"]);
  assert.deepEqual(
    manifest.variables.map(({ name, secret, of }) => [name, secret, of]),
    [
      ["REDIS_URL", true, "redis"],
      ["STRIPE_API_KEY", true, "stripe"],
      ["STRIPE_API_BASE", false, "stripe"],
      ["DEPOT_SERVICE_URL", false, "depot-service"],
    ],
  );
});

test("one that takes payments is commanded, any other is asked", (t) => {
  const folder = temporaryFolder(t);
  const calls = [
    { name: "depot-service", dependencies: ["sqlalchemy"] },
    { name: "till-service", dependencies: ["stripe"] },
  ];
  createServiceCode(specOf({ calls }), { folder });
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  assert.match(read("app/clients/depot_service.py"), /"GET", f"\/depots\/\{key\}"/);
  assert.match(read("app/clients/till_service.py"), /"POST",\s+"\/tills"[\s\S]*Idempotency-Key/);
  assert.match(read("app/parcels/schemas.py"), /class ParcelCreate[\s\S]*depot_id: Reference[\s\S]*amount: Amount/);
});

test("names that the language takes are turned into others", (t) => {
  const folder = temporaryFolder(t);
  const calls = [
    { name: "import", dependencies: [] },
    { name: "3d-service", dependencies: [] },
  ];
  const code = createServiceCode(specOf({ name: "settings", calls }), { folder });
  const paths = code.files.map(({ path }) => path);
  for (const path of ["app/clients/import_.py", "app/clients/n3d_service.py", "app/settings_api/routes.py"]) {
    assert.ok(paths.includes(path), path);
  }
  assert.equal(code.manifest.routePath, "/settings");
});

test("long imports are one name a line, as the formatter of the generated folder has them", (t) => {
  const folder = temporaryFolder(t);
  createServiceCode(specOf({ name: "customer-notification" }), { folder });
  const routes = readFileSync(join(folder, "app/customer_notifications/routes.py"), "utf8");
  assert.match(routes, /schemas import \(\n {4}CustomerNotificationCreate,\n(?: {4}\w+,\n){3}\)\nfrom app/);
});

test("what is commanded is told the id, which is the same at every attempt under one key", (t) => {
  const folder = temporaryFolder(t);
  createServiceCode(specOf({ calls: [{ name: "till", dependencies: ["stripe"] }] }), { folder });
  const service = readFileSync(join(folder, "app/parcels/service.py"), "utf8");
  assert.match(service, /reference=claim\.item_id, idempotency_key=claim\.item_id/);
});

test("no template names a service", (t) => {
  const folder = temporaryFolder(t);
  const calls = [{ name: "depot", dependencies: ["stripe"] }];
  const spec = specOf({ dependencies: ["sqlalchemy", "redis", "kafka", "stripe"], calls });
  const code = createServiceCode(spec, { folder });
  for (const { path } of code.files) {
    assert.doesNotMatch(readFileSync(join(folder, path), "utf8"), /\b(?:user|order|payment)[-_]service/i, path);
  }
});

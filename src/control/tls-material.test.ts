// Certificates as files: what is refused, what is kept for the workers, and what happens when a file changes.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type CertificateFiles, TestAuthority } from "../../test/support/certificates.js";
import { eventually } from "../../test/support/eventually.js";
import { temporaryFolder } from "../../test/support/temporary-folder.js";
import type { EventDraft } from "../base/event.js";
import { FakeClock } from "../base/fake-clock.js";
import { parseSpecText } from "../model/parse-spec.js";
import { TlsMaterial } from "./tls-material.js";
import { watchTlsFiles } from "./tls-watch.js";

const century = 101 * 365 * 86_400_000;

interface SetUp {
  readonly root: string;
  readonly events: EventDraft[];
  readonly clock: FakeClock;
  readonly authority: TestAuthority;
  readonly create: () => TlsMaterial;
}

function setUp(t: TestContext): SetUp {
  const root = temporaryFolder(t);
  const events: EventDraft[] = [];
  const clock = new FakeClock(Date.now() + 60_000);
  const authority = new TestAuthority(root);
  const folder = join(root, "certificates");
  const create = (): TlsMaterial => new TlsMaterial({ root, folder, clock, emit: (event) => void events.push(event) });
  return { root, events, clock, authority, create };
}

function specOf(gateway: string) {
  const result = parseSpecText(`name: shop\ngateway: ${gateway}\n`, "tusk.yaml");
  if (!result.ok) assert.fail(JSON.stringify(result.problems));
  return result.parsed;
}

const usual = "{ tls: { certificate: shop.crt, key: shop.key } }";

async function read(material: TlsMaterial, gateway = usual) {
  const { spec, provenance } = specOf(gateway);
  return material.read(spec, provenance);
}

function put(root: string, { certificate, key }: CertificateFiles): void {
  copyFileSync(certificate, join(root, "shop.crt"));
  copyFileSync(key, join(root, "shop.key"));
}

describe("certificates that the spec names", () => {
  it("are kept with their keys under a name made from the content, for this user alone", async (t) => {
    const { root, authority, create } = setUp(t);
    authority.sign({ name: "shop" });
    const { files, problems } = await read(create());
    assert.deepEqual(problems, []);
    const [file = ""] = Object.values(files);
    assert.match(file, /^[0-9a-f]+\.pem$/);
    const path = join(root, "certificates", file);
    assert.match(readFileSync(path, "utf8"), /BEGIN CERTIFICATE[\s\S]+PRIVATE KEY/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("are problems with their place and a hint where they cannot be used", async (t) => {
    const { root, authority, create } = setUp(t);
    authority.sign({ name: "shop" });
    authority.sign({ name: "other" });
    writeFileSync(join(root, "empty.pem"), "");
    const cases: [tls: string, message: RegExp, hint: RegExp | undefined][] = [
      ["{ certificate: gone.crt, key: shop.key }", /^gone\.crt does not exist$/, /relative to the app's folder/],
      ["{ certificate: shop.crt, key: gone.key }", /^gone\.key does not exist$/, /relative/],
      ["{ certificate: shop.crt, key: other.key }", /the key belongs to another certificate/, /name the key/],
      ["{ certificate: shop.crt }", /there is no private key/, /as `key`/],
      ["{ certificate: empty.pem }", /there is no certificate in PEM form/, undefined],
    ];
    for (const [tls, message, hint] of cases) {
      const { problems } = await read(create(), `{ tls: ${tls} }`);
      assert.equal(problems.length, 1, tls);
      assert.match(problems[0]?.message ?? "", message);
      if (hint) assert.match(problems[0]?.hint ?? "", hint);
      assert.deepEqual([problems[0]?.file, problems[0]?.line], ["tusk.yaml", 2]);
    }
  });

  it("are served as they were when a file becomes unusable, also by the next controller", async (t) => {
    const { root, events, authority, create } = setUp(t);
    put(root, authority.sign({ name: "one" }));
    const material = create();
    const { files } = await read(material);
    material.prune(files);
    writeFileSync(join(root, "shop.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n");
    for (const reader of [material, material, create()]) {
      assert.deepEqual(await read(reader), { files, problems: [] });
    }
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["certificate.refused", "certificate.refused"],
      "once for each controller",
    );
    assert.match(
      events[0]?.message ?? "",
      /^shop\.crt with shop\.key cannot be used: .+; the one before it is served on$/,
    );
  });

  it("leave nothing behind that is not served any more", async (t) => {
    const { root, authority, create } = setUp(t);
    put(root, authority.sign({ name: "one" }));
    const material = create();
    const first = await read(material);
    put(root, authority.sign({ name: "two" }));
    const second = await read(material);
    assert.notDeepEqual(second.files, first.files);
    material.prune(second.files);
    const kept = readdirSync(join(root, "certificates")).filter((name) => name.endsWith(".pem"));
    assert.deepEqual(kept, Object.values(second.files));
  });

  it("are told when they are valid no more, or not yet", async (t) => {
    const { events, clock, authority, create } = setUp(t);
    authority.sign({ name: "shop" });
    const material = create();
    await read(material);
    assert.deepEqual(events, []);
    clock.advance(century);
    material.tellValidity();
    material.tellValidity();
    assert.deepEqual(
      events.map(({ kind, level }) => [kind, level]),
      [["certificate.expired", "warning"]],
    );
  });
});

describe("a certificate that is replaced", () => {
  it("is taken up when the file rests, and a broken one changes nothing", async (t) => {
    const { root, events, clock, authority, create } = setUp(t);
    put(root, authority.sign({ name: "one" }));
    const material = create();
    await read(material);
    let replans = 0;
    const replan = async (): Promise<void> => {
      replans++;
      material.prune((await read(material)).files);
    };
    const watch = watchTlsFiles({ material, clock, emit: (event) => void events.push(event), replan });
    t.after(() => watch.close());
    const until = (count: number): Promise<boolean> =>
      eventually(() => {
        clock.advance(250);
        return events.length === count;
      });
    for (let looks = 0; looks < 4; looks++) clock.advance(250);
    assert.equal(replans, 0);
    put(root, authority.sign({ name: "two" }));
    await until(1);
    assert.deepEqual([replans, events[0]?.kind], [1, "certificate.reloaded"]);
    rmSync(join(root, "shop.key"));
    await until(2);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["certificate.reloaded", "certificate.refused"],
    );
  });
});

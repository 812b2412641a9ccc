/** `isoline fleet reference --image`: from a registry to a verifier, which judges canisters of that image by the contour. */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanisterBody } from "../../packages/attest/src/evidence/index.ts";
import { attach } from "../../packages/isoline/src/canister/registry/contours.ts";
import { canisterSample } from "../attest/samples.ts";
import { DebianRegistry, needsRegistry } from "../canister/debian-registry.ts";
import { MemoryRegistry } from "../canister/registry.ts";
import { contour, digest, narrow, narrowReference, narrowState, published } from "../forgery/published.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { FleetLog } from "../verifier/logged.ts";
import { ADMIN, Rig, samplePolicy } from "../verifier/rig.ts";
import { SoftwareNode } from "../verifier/software-node.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const small = { contour: digest, state: hex(published.state) };
const underNarrow = { contour: Uint8Array.from(Buffer.from(narrowReference.contour, "hex")), state: narrowState };
const other = `sha256:${"9".repeat(64)}`;

/** A person of a verifier, who calls isoline in a folder of theirs. */
class Person {
  readonly place = mkdtempSync(join(tmpdir(), "isoline-person-"));

  constructor(url: string) {
    const servers = [{ name: "here", url, token: ADMIN }];
    writeFileSync(this.at("fleet.yaml"), JSON.stringify({ servers }), { mode: 0o600 });
    for (const name of ["release", "stranger"]) {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519");
      writeFileSync(this.at(`${name}.key`), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
      writeFileSync(this.at(`${name}.pub`), publicKey.export({ type: "spki", format: "pem" }));
    }
  }

  at(name: string): string {
    return join(this.place, name);
  }

  call(...words: readonly string[]) {
    return isoline(words, { cwd: this.place, env: { ISOLINE_FLEET_CONFIG: this.at("fleet.yaml") } });
  }

  /** Before a test: a call that does what it should. */
  async well(...words: readonly string[]): Promise<void> {
    const { status, stderr } = await this.call(...words);
    if (status !== 0) throw new Error(stderr);
  }

  reference(...words: readonly string[]) {
    return this.call("fleet", "reference", ...words);
  }

  close(): void {
    rmSync(this.place, { recursive: true, force: true });
  }
}

describe.skipIf(needsRegistry || !isBuilt)("an image in a registry (needs docker-registry and a build)", () => {
  const rig = new Rig();
  const log = new FleetLog(rig.place);
  const node = new SoftwareNode("node-1");
  let ann: Person;
  let registry: DebianRegistry;
  const images = { first: { manifest: "", config: "" }, second: { manifest: "", config: "" } };
  const image = (tag: string) => `${registry.host}/shop/web:${tag}`;
  const kept = { name: "db", contour: hex(Buffer.alloc(32, 4)), state: hex(Buffer.alloc(32, 5)), images: [other] };
  const builds = [{ version: "0.1.0" }];
  const inForce = async () => JSON.parse((await ann.reference("shop")).stdout) as { contours: object[] };
  const named = (reference: object, { manifest, config }: typeof images.first) => ({
    ...{ name: "shop/web", ...reference },
    images: [manifest, config],
  });
  /** What becomes of a canister of each image under a contour. */
  const judged = async (under: Pick<CanisterBody, "contour" | "state">, ...of: readonly string[]) => {
    const canisters = of.map((one, at) => canisterSample(`web-${at}`, { ...under, image: one }));
    const { body } = await rig.attest(node, { canisters });
    return body.canisters.map(({ state, failure }) => failure ?? state);
  };

  beforeAll(async () => {
    await log.begun;
    await rig.enrol([node]);
    await rig.start({ log: log.configuration });
    await rig.rules(samplePolicy(), { references: 1 });
    ann = new Person(rig.address);
    mkdirSync(ann.at("registry"));
    registry = await DebianRegistry.start(ann.at("registry"));
    images.first = await registry.putImage("shop/web:1");
    images.second = await registry.putImage("shop/web:2");
    await registry.putImage("shop/web:bare");
    for (const [tag, file, { manifest }] of [
      ["1", contour, images.first],
      ["2", narrow, images.second],
    ] as const) {
      writeFileSync(ann.at(`${tag}.contour`), file);
      await ann.well("sign", `${tag}.contour`, "--key", "release.key", "--image", manifest);
      await ann.well("attach-contour", image(tag), `${tag}.contour`);
    }
    writeFileSync(ann.at("before.json"), JSON.stringify({ references: 1, contours: [kept], builds }));
    await ann.well("fleet", "reference", "shop", "--set", "before.json");
  });
  afterAll(async () => {
    registry.stop();
    await rig.close();
    ann.close();
  });

  it("is judged by the contour that is attached to it, by each digest that an engine knows it by, and no other is", async () => {
    expect(await judged(published, images.first.manifest)).toEqual(["unknown-contour"]);
    const { status, stderr } = await ann.reference("shop", "--image", image("1"), "--trusted-key", "release.pub");
    expect(stderr).toContain(`shop/web: the contour ${digest}, for ${images.first.manifest}, ${images.first.config}\n`);
    expect([status, stderr.includes("shop: published")]).toEqual([0, true]);
    expect(await inForce()).toEqual({ references: 1, contours: [kept, named(small, images.first)], builds });
    expect((await rig.get(`/v1/contours/${digest}`)).status).toBe(200);
    const { manifest, config } = images.first;
    expect(await judged(published, manifest, config, other, images.second.manifest)).toEqual([
      ...["affirming", "affirming", "unknown-contour", "unknown-contour"],
    ]);
  });

  it("is not believed without a signature for it, nor where nothing is attached, and nothing is changed", async () => {
    const before = await inForce();
    const refused = async (tag: string, ...words: readonly string[]) => {
      const { status, stderr } = await ann.reference("shop", "--image", image("2"), "--image", image(tag), ...words);
      expect(status).toBe(1);
      return stderr;
    };
    expect(await refused("1", "--trusted-key", "stranger.pub")).toMatch(/expected a signature by stranger\.pub/);
    expect(await refused("bare")).toMatch(/no contour is attached .* attach one with isoline attach-contour/);
    expect(await refused("3")).toMatch(/the registry has no such image; push it first/);
    expect(await inForce()).toEqual(before);
  });

  it("has its contour take the place of those of its name, or stand beside that of another image that is named as well", async () => {
    const narrowed = { contour: narrowReference.contour, state: narrowReference.state };
    const [first, second] = [images.first, images.second];
    expect((await ann.reference("shop", "--image", image("2"))).stderr).toContain(`${digest}: named no more`);
    expect((await inForce()).contours).toEqual([kept, named(narrowed, second)]);
    expect(await judged(published, first.manifest)).toEqual(["unknown-contour"]);
    expect(await judged(underNarrow, second.config, first.config)).toEqual(["affirming", "unknown-contour"]);

    const both = await ann.reference("shop", "--image", image("1"), "--image", image("2"));
    expect(both.stderr).not.toContain("named no more");
    expect((await inForce()).contours).toEqual([kept, named(small, first), named(narrowed, second)]);
    expect(await judged(published, first.manifest, second.manifest)).toEqual(["affirming", "unknown-contour"]);
    expect(await judged(underNarrow, second.manifest, first.manifest)).toEqual(["affirming", "unknown-contour"]);
  });

  it("is called otherwise where that is said, in reference values of their own", async () => {
    expect((await ann.reference("mine", "--image", image("1"), "--as", "frontend")).status).toBe(0);
    const { stdout } = await ann.reference("mine");
    expect(JSON.parse(stdout)).toEqual({
      references: 1,
      contours: [{ ...named(small, images.first), name: "frontend" }],
    });
  });

  it("is printed where the file is to be signed, and has to be where what is published is signed", async () => {
    const before = await inForce();
    const { stdout } = await ann.reference("shop", "--image", image("1"), "--print");
    expect(JSON.parse(stdout)).toEqual({ references: 1, contours: [kept, named(small, images.first)], builds });
    expect(await inForce()).toEqual(before);
    writeFileSync(ann.at("shop.json"), stdout);
    expect((await ann.call("attest", "sign", "shop.json", "--key", "release.key", "-o", "shop.signed")).status).toBe(0);
    expect((await ann.reference("shop", "--set", "shop.signed")).status).toBe(0);
    expect(await inForce()).toHaveProperty("payload");
    const { status, stderr } = await ann.reference("shop", "--image", image("2"));
    expect(status).toBe(1);
    expect(stderr).toMatch(/expected unsigned ones, got signed ones; print .*--print, sign .*isoline attest sign/);
    const again = JSON.parse((await ann.reference("shop", "--image", image("2"), "--print")).stdout) as object;
    expect(again).toMatchObject({
      contours: [kept, { name: "shop/web", images: [images.second.manifest, images.second.config] }],
    });
  });

  it("is never stated to have a contour for any image, so a monitor finds one contour for each", async () => {
    await rig.stop();
    const stated = log.statements().flatMap((one) => (one.kind === "publish-contour" ? [one.image.length] : []));
    expect([stated.length > 3, stated.includes(0)]).toEqual([true, false]);
    expect(log.findings()).not.toContain("two-contours");
    expect(rig.failures).toEqual([]);
  });

  it.each([
    [["--image", "web:1"], "expected a name to publish under"],
    [["shop", "--print"], "expected --image"],
    [["shop", "--image", "r.example/web", "--set", "f"], "expected --image without --set"],
    [["shop", "--image", "r.example/web", "--as", "\u202e"], "expected a name of 1 to 128 letters"],
    [["shop", "--image", "web:1"], "expected an image in a registry"],
  ])("is asked for in a form that is understood: %j", async (words, expected) => {
    const { status, stderr } = await ann.reference(...words);
    expect([status, stderr]).toEqual([2, expect.stringContaining(expected) as string]);
  });
});

describe.skipIf(!isBuilt)("an image, at a verifier that trusts signers of reference values (needs a build)", () => {
  const rig = new Rig();
  let ann: Person;
  let registry: MemoryRegistry;

  beforeAll(async () => {
    rig.trustsPolicySigner(generateKeyPairSync("ed25519").publicKey);
    await rig.start();
    ann = new Person(rig.address);
    registry = await MemoryRegistry.open(true);
    registry.putImage("1");
    await attach(`${registry.host}/web:1`, contour, new Date());
  });
  afterAll(async () => {
    await registry.close();
    await rig.close();
    ann.close();
  });

  it("is refused with what to do, and its contour is not published for any image meanwhile", async () => {
    const { status, stderr } = await ann.reference("web", "--image", `${registry.host}/web:1`);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /expected a signature by one of owner\.pub, got .*; print the changed ones with --print, sign/,
    );
    expect((await rig.get(`/v1/contours/${digest}`)).status).toBe(404);
    expect((await rig.get<{ items: object[] }>("/v1/references")).body.items).toEqual([]);
  });
});

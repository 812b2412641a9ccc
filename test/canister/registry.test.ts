/** Contours attached to images: pushed, fetched, and refused if a registry lies. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { writeContour } from "@isoline/core/contour";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keepFetched } from "../../packages/isoline/src/canister/fetched.ts";
import { attach, fetchAttached, fetchForAll } from "../../packages/isoline/src/canister/registry/contours.ts";
import { parseReference } from "../../packages/isoline/src/canister/registry/reference.ts";
import { contourOf } from "../arbitrary/contour.ts";
import { fixtures, isoline } from "../cli/isoline.ts";
import { DebianRegistry, needsRegistry } from "./debian-registry.ts";
import { digestOf, MemoryRegistry } from "./registry.ts";

const contour = Buffer.from([...writeContour(contourOf([]))].join(""));
const day = (number: number) => new Date(Date.UTC(2026, 0, number));

describe("names of images in registries", () => {
  it.each([
    ["localhost:5000/web:1", "http://localhost:5000", "web", "1"],
    ["127.0.0.1/a/b", "http://127.0.0.1", "a/b", "latest"],
    ["registry.example/shop/web:v1.2", "https://registry.example", "shop/web", "v1.2"],
    [`r.example:99/web:1@sha256:${"a".repeat(64)}`, "https://r.example:99", "web", `sha256:${"a".repeat(64)}`],
    ["r.example:443/web", "https://r.example", "web", "latest"],
    ["LOCALHOST:80/web", "http://localhost", "web", "latest"],
    ["localhost:443/web", "http://localhost:443", "web", "latest"],
    ["Registry.Example:5000/web", "https://registry.example:5000", "web", "latest"],
    ["127.1:5000/web", "http://127.0.0.1:5000", "web", "latest"],
  ])("%s", (text, origin, name, target) => {
    expect(parseReference(text)).toEqual({ origin, host: text.slice(0, text.indexOf("/")), name, target });
  });

  it.each([
    "web:1",
    "library/web",
    "r.example/Web",
    "r.example/../x",
    "r.example/web:",
    "r.example/web@sha256:12",
    "a b.c/web",
    "r.example:99999/web",
    "300.1.1.1/web",
    "",
  ])("%j is invalid", (text) => {
    expect(() => parseReference(text)).toThrow(/expected an image in a registry/);
  });
});

describe.each([
  ["that lists referrers", true],
  ["without referrers, by the fallback tag", false],
])("a registry %s", (_, native) => {
  let registry: MemoryRegistry;
  const image = () => `${registry.host}/web:1`;
  beforeAll(async () => {
    registry = await MemoryRegistry.open(native);
  });
  afterAll(() => registry.close());
  afterEach(() => registry.clear());

  it("gives back the attached contour, with the digests of the image", async () => {
    const { manifest, config } = registry.putImage("1");
    const artifact = await attach(image(), contour, day(1));
    expect(await fetchAttached(image())).toEqual({
      image: manifest,
      digests: [manifest, config],
      artifact,
      contour,
      count: 1,
    });
  });

  it("gives a signature with its contour, and takes nothing else for one", async () => {
    const { manifest } = registry.putImage("1");
    const signature = Buffer.from("a signature");
    const artifact = await attach(image(), contour, day(1), signature);
    expect(await fetchAttached(image())).toMatchObject({ contour, signature });
    registry.blobs.set(digestOf(signature), Buffer.from("another one"));
    await expect(fetchAttached(image())).rejects.toMatchObject({ code: "registry-refused" });
    const { layers, ...rest } = JSON.parse(registry.manifests.get(artifact)?.toString() ?? "") as { layers: object[] };
    for (const more of [{ mediaType: "text/plain" }, { size: 2 ** 17 }, null]) {
      const altered = more === null ? [...layers, layers[1]] : [layers[0], { ...layers[1], ...more }];
      const bytes = Buffer.from(JSON.stringify({ ...rest, layers: altered }));
      registry.manifests.set(digestOf(bytes), bytes);
      registry.claim(manifest, [referrer(digestOf(bytes))]);
      await expect(fetchAttached(image())).rejects.toThrow(/at most its signature/);
    }
  });

  it("keeps several contours, and gives the newest", async () => {
    registry.putImage("1");
    const newer = Buffer.concat([contour, Buffer.from("x")]);
    const artifact = await attach(image(), newer, day(3));
    await attach(image(), contour, day(2));
    expect(await fetchAttached(image())).toMatchObject({ artifact, contour: newer, count: 2 });
  });

  it("finds no contour for an image without one, and for a missing image", async () => {
    await expect(fetchAttached(image())).rejects.toThrow(/no such image/);
    registry.putImage("1");
    await expect(fetchAttached(image())).rejects.toThrow(/no contour is attached/);
  });

  it("gives with an index the digests of its images for this platform, and no others", async () => {
    const [own, arm] = [registry.putImage("own"), registry.putImage("arm")];
    const listed = ({ manifest: digest }: typeof own, architecture: string, os = "linux") => ({
      ...{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1 },
      platform: { architecture, os },
    });
    const put = (manifests: readonly unknown[], more: object = {}) => {
      const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests, ...more }));
      for (const name of ["1", digestOf(index)]) registry.manifests.set(name, index);
      return digestOf(index);
    };
    const index = put([listed(arm, "arm64"), listed(own, "amd64"), listed(arm, "unknown", "unknown"), null]);
    await attach(image(), contour, day(1));
    const found = { digests: [index], instances: [own.manifest, own.config] };
    expect(await fetchForAll(image())).toMatchObject(found);
    expect(await fetchForAll(image())).toMatchObject(await fetchAttached(image()));
    for (const none of [[], [listed(arm, "arm64")], Array.from({ length: 17 }, () => listed(own, "amd64"))]) {
      put(none);
      await attach(image(), contour, day(1));
      await expect(fetchForAll(image())).rejects.toThrow(/1 to 16 images for linux\/amd64, got (?:0|17); name the one/);
    }
    const missing = `sha256:${"0".repeat(64)}`;
    put([listed(own, "amd64"), listed({ ...own, manifest: missing }, "amd64")]);
    await attach(image(), contour, day(1));
    await expect(fetchForAll(image())).rejects.toThrow(`to have ${missing}, which the index lists, got none; push the`);
    // Else what was signed for the configuration of one image would be for all of an index that claims it.
    put([listed(arm, "amd64")], { config: { mediaType: "text/plain", digest: own.config, size: 1 } });
    await attach(image(), contour, day(1));
    await expect(fetchForAll(image())).rejects.toThrow(/expected an image or an index, got one that is both/);
    registry.putImage("1");
    await attach(image(), contour, day(1));
    expect((await fetchForAll(image())).instances).toEqual([]);
  });

  it("is refused when it gives other bytes, or more of them", async () => {
    registry.putImage("1");
    await attach(image(), contour, day(1));
    registry.blobs.set(digestOf(contour), Buffer.from(contour).fill(0x20, 5, 6));
    await expect(fetchAttached(image())).rejects.toMatchObject({ code: "registry-refused" });
    registry.blobs.set(digestOf(contour), Buffer.concat([contour, contour]));
    await expect(fetchAttached(image())).rejects.toThrow(/at most/);
  });

  it("is refused when it breaks off in the middle of a contour", async () => {
    registry.putImage("1");
    await attach(image(), contour, day(1));
    registry.breaksOff = digestOf(contour);
    await expect(fetchAttached(image())).rejects.toMatchObject({ code: "registry-refused" });
  });

  it("is refused when it gives a contour for another image", async () => {
    registry.putImage("other");
    const artifact = await attach(`${registry.host}/web:other`, contour, day(1));
    const { manifest } = registry.putImage("1");
    registry.claim(manifest, [referrer(artifact)]);
    await expect(fetchAttached(image())).rejects.toThrow(/for another image/);
    registry.claim(manifest, [{ ...referrer(artifact), size: -1 }, "?", null]);
    await expect(fetchAttached(image())).rejects.toThrow(/no contour is attached/);
  });
});

describe("fetched contours in the store", () => {
  let registry: MemoryRegistry;
  let store = "";
  const newer = Buffer.concat([contour, Buffer.from("newer")]);
  const other = Buffer.concat([contour, Buffer.from("permits all")]);
  beforeAll(async () => {
    registry = await MemoryRegistry.open(true);
  });
  beforeEach(() => {
    registry.clear();
    store = mkdtempSync(join(tmpdir(), "isoline-store-"));
  });
  afterEach(() => rmSync(store, { recursive: true, force: true }));
  afterAll(() => registry.close());

  const put = (tag: string, bytes: Buffer, at: number, signature?: string) =>
    attach(`${registry.host}/web:${tag}`, bytes, day(at), signature === undefined ? undefined : Buffer.from(signature));
  const fetched = async (tag: string) => keepFetched(store, await fetchAttached(`${registry.host}/web:${tag}`));
  const file = (digest: string) => join(store, `${digest.replace(":", "-")}.contour`);
  /** Every file of the store, with its content. */
  const all = () =>
    Object.fromEntries(readdirSync(store).map((name) => [name, readFileSync(join(store, name), "utf8")]));

  it("are under both digests of their image, and a newer one with its signature takes their place", async () => {
    const { manifest, config } = registry.putImage("1");
    await put("1", contour, 1, "a signature");
    expect(await fetched("1")).toEqual([file(manifest), file(config)]);
    await put("1", newer, 2, "a newer signature");
    await fetched("1");
    for (const path of [file(manifest), file(config)]) {
      expect(readFileSync(path)).toEqual(newer);
      expect(readFileSync(`${path}.sig`, "utf8")).toBe("a newer signature");
    }
    await put("1", contour, 3);
    await fetched("1");
    expect(readdirSync(store).filter((name) => name.endsWith(".sig"))).toEqual([]);
  });

  it("are not replaced by those of an image that claims the same configuration", async () => {
    const { manifest, config } = registry.putImage("1");
    const claiming = registry.putImage("x", "1");
    expect(claiming).toMatchObject({ config });
    await put("1", contour, 1, "a signature");
    await put("x", other, 1);
    await fetched("1");
    const before = all();
    const refused = await fetched("x").catch((fault: Error) => fault.message);
    expect(refused).toMatch(/expected a contour that came with .*; nothing was written\. Find out .* remove /);
    for (const path of [file(config), file(manifest)]) expect(refused).toContain(path);
    expect(all()).toEqual(before);
    await put("1", newer, 2, "a signature");
    await fetched("1");
    expect(readFileSync(file(config))).toEqual(newer);
    rmSync(file(config));
    await fetched("x");
    expect(readFileSync(file(config))).toEqual(other);
    expect(all()[basename(`${file(config)}.sig`)]).toBeUndefined();
  });

  it("are not replaced by an image that first brings the same contour, or the same with another signature", async () => {
    const { config } = registry.putImage("1");
    registry.putImage("x", "1");
    await put("1", contour, 1);
    await fetched("1");
    await put("x", contour, 1, "another signature");
    await expect(fetched("x")).rejects.toMatchObject({ code: "no-attached-contour" });
    await put("x", contour, 2);
    await fetched("x");
    await put("x", other, 3);
    await expect(fetched("x")).rejects.toMatchObject({ code: "no-attached-contour" });
    expect(readFileSync(file(config))).toEqual(contour);
  });

  it("are not replaced by an image that came first with the same contour", async () => {
    const { config } = registry.putImage("1");
    registry.putImage("x", "1");
    await put("x", contour, 1);
    await fetched("x");
    await put("1", contour, 1);
    await fetched("1");
    await put("x", other, 2);
    await expect(fetched("x")).rejects.toMatchObject({ code: "no-attached-contour" });
    expect(readFileSync(file(config))).toEqual(contour);
  });

  it("are not replaced by an image that claims another's manifest as its configuration", async () => {
    const { manifest } = registry.putImage("1");
    await put("1", contour, 1);
    await fetched("1");
    const claiming = {
      image: digestOf(other),
      digests: [digestOf(other), manifest],
      contour: other,
      signature: undefined,
    };
    expect(() => keepFetched(store, claiming)).toThrow(/came with/);
    expect(readFileSync(file(manifest))).toEqual(contour);
  });

  it("are not replaced where a person has put them", async () => {
    const { config } = registry.putImage("1");
    await put("1", contour, 1);
    writeFileSync(file(config), newer);
    await expect(fetched("1")).rejects.toThrow(/of unknown origin/);
    expect(readdirSync(store)).toEqual([basename(file(config))]);
    writeFileSync(file(config), contour);
    await fetched("1");
  });
});

const referrer = (digest: string) => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest,
  size: 1,
  artifactType: "application/vnd.isoline.contour.v1",
});

describe.skipIf(needsRegistry)("Debian's registry (needs docker-registry)", () => {
  let place = "";
  let registry: DebianRegistry;

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), "isoline-registry-"));
    registry = await DebianRegistry.start(place);
  });
  afterAll(() => {
    registry.stop();
    rmSync(place, { recursive: true, force: true });
  });

  it("accepts a contour from the command line, and gives it back where isoline-runc looks", async () => {
    const { manifest, config } = await registry.putImage("web:1");
    const image = `${registry.host}/web:1`;
    const small = join(fixtures, "../../contour/fixtures/small.contour");
    const environment = { ISOLINE_CANISTERS: join(place, "host.json") };
    writeFileSync(environment.ISOLINE_CANISTERS, JSON.stringify({ contours: join(place, "contours") }));
    expect(isoline(["attach-contour", image, small])).toMatchObject({ status: 0, stderr: "" });
    const { stdout } = isoline(["fetch-contour", image], { environment });
    const paths = [manifest, config].map((digest) => join(place, "contours", `${digest.replace(":", "-")}.contour`));
    expect(stdout.trim().split("\n")).toEqual(paths);
    expect(paths.map((path) => readFileSync(path, "utf8"))).toEqual(Array(2).fill(readFileSync(small, "utf8")));
    const told = isoline(["inspect", "--json", config], { environment });
    expect(JSON.parse(told.stdout)).toMatchObject({
      label: { mode: "enforce", contour: paths[1] },
      contour: { points: 5 },
    });
  });
});

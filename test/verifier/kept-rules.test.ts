/** Rules that a verifier keeps in memory: that it sees a change of which it was not told, and what a node can make it do. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CanisterBody } from "../../packages/attest/src/evidence/index.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { canisterSample } from "../attest/samples.ts";

describe("rules that are kept", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-rules-"));
  const node = { tenant: "acme", labels: {} };
  let store: stores.Connection;

  beforeAll(async () => {
    store = await stores.openStore(`pglite:${place}`);
  });
  afterAll(async () => {
    await store.close();
    rmSync(place, { recursive: true, force: true });
  });
  const put = (name: string, contours: readonly object[], since: Date) => {
    const file = Buffer.from(JSON.stringify({ references: 1, contours }));
    return stores.writeReference(store.db, { name, digest: String(file.length), file, since, who: "ann" });
  };

  it("are read again where a file was replaced by a verifier whose clock is behind", async () => {
    const web = { name: "web", contour: "04".repeat(32), state: "05".repeat(32) };
    const rules = new Rules(store.db, { policySigners: [], contourSigners: [] } as unknown as Trusted);
    await put("newest", [], new Date(9_000));
    await put("all", [web], new Date(5_000));
    expect(await rules.nameOf(web.contour)).toBe("web");
    const stamp = await stores.rulesStamp(store.db);
    await put("all", [], new Date(1_000));
    expect(await stores.rulesStamp(store.db)).not.toBe(stamp);
    await rules.compare();
    expect(await rules.nameOf(web.contour)).toBeUndefined();
    expect(await stores.rulesStamp(store.db)).toBe(await stores.rulesStamp(store.db));
  });

  it("have a newer policy that this verifier was not told of, where another one accepted evidence by it", async () => {
    const rules = new Rules(store.db, { policySigners: [], contourSigners: [] } as unknown as Trusted);
    const policy = (version: number) => {
      const columns = { digest: String(version).repeat(64), file: Buffer.from("{}"), since: new Date(), who: "ann" };
      return stores.writePolicy(store.db, { name: "default", version, ...columns });
    };
    const versionFor = async (version?: number) => {
      const last = version === undefined ? undefined : { name: "default", version };
      return (await rules.forNode(node, [], undefined, last)).policy?.version;
    };
    await policy(1);
    expect(await versionFor()).toBe(1);
    await policy(2);
    expect([await versionFor(), await versionFor(1), await versionFor(2), await versionFor()]).toEqual([1, 1, 2, 2]);
    // There is no such version: the appraisal refuses what is older.
    expect(await versionFor(3)).toBe(2);
  });

  it("have a contour that a person put meanwhile, of which this verifier was not told", async () => {
    const row = { digest: Buffer.alloc(32, 8).toString("hex"), file: Buffer.from("{}"), since: new Date() };
    await stores.writeContour(store.db, { ...row, reviewed: false });
    const rules = new Rules(store.db, { policySigners: [], contourSigners: [] } as unknown as Trusted);
    const body = canisterSample("web", { contour: new Uint8Array(32).fill(8) }) as CanisterBody;
    const counting = async () => (await rules.forNode(node, [body])).contours.length;
    expect(await counting()).toBe(0);
    await stores.writeContour(store.db, { ...row, reviewed: true });
    await rules.compare();
    expect(await counting()).toBe(1);
  });

  it("have a contour for the images that references name it for, and for any where one of them names none", async () => {
    const digest = Buffer.alloc(32, 9).toString("hex");
    const row = { digest, file: Buffer.from("{}"), reviewed: true, since: new Date() };
    await stores.writeContour(store.db, row);
    const body = canisterSample("web", { contour: new Uint8Array(32).fill(9) }) as CanisterBody;
    const imagesFor = async (...told: readonly (readonly string[])[]) => {
      const contours = told.map((images, at) => ({
        name: `web-${at}`,
        contour: digest,
        state: "05".repeat(32),
        images,
      }));
      await put("all", contours, new Date(20_000));
      const rules = new Rules(store.db, { policySigners: [], contourSigners: [] } as unknown as Trusted);
      return (await rules.forNode(node, [body])).contours.map(({ images }) => images);
    };
    const [one, other] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
    expect(await imagesFor([one], [other])).toEqual([[one, other]]);
    expect(await imagesFor([one], [])).toEqual([[]]);
    await put("all", [], new Date(30_000));
  });

  it("look at each body a few times, however many name contours that only a node sent, with signatures of no key", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const owner = { name: "owner", pem: publicKey.export({ type: "spki", format: "pem" }) };
    const trusted = { policySigners: [], contourSigners: [owner] };
    const rules = new Rules(store.db, trusted as unknown as Trusted);
    const looksAt = async (count: number) => {
      let looks = 0;
      const bodies: CanisterBody[] = [];
      for (let at = 0; at < count; at++) {
        const contour = new Uint8Array(32);
        new DataView(contour.buffer).setUint32(0, at + 1);
        const digest = Buffer.from(contour).toString("hex");
        const row = { digest, file: Buffer.from("{}"), reviewed: false, since: new Date() };
        await stores.writeContour(store.db, row);
        const sample = canisterSample(`label-${at}`, { signature: new Uint8Array(8) }) as CanisterBody;
        bodies.push(
          Object.defineProperty({ ...sample }, "contour", {
            get: () => {
              looks++;
              return contour;
            },
          }),
        );
      }
      expect((await rules.forNode(node, bodies)).contours).toEqual([]);
      return looks / count;
    };
    expect(await looksAt(80)).toBe(await looksAt(10));
  });
});

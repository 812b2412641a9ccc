/** Canisters of a host that requires signed contours: by its keys, for this image, before any part of the container runs. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmodSync, copyFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox");
const image = `sha256:${"a".repeat(64)}`;
const other = `sha256:${"b".repeat(64)}`;

describe.skipIf(why !== undefined)(
  `a host that requires signed contours${why === undefined ? "" : ` (${why})`}`,
  () => {
    let shop: Workshop;
    const named = { "io.kubernetes.cri.image-name": `registry.example/web:1@${image}` };
    const label = { "dev.isoline.mode": "enforce", "dev.isoline.contour": "good.contour" };

    beforeAll(() => {
      shop = new Workshop();
      for (const name of ["release", "other"]) {
        const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
        const pem = (key: KeyObject, type: "spki" | "pkcs8") => key.export({ type, format: "pem" } as never) as string;
        writeFileSync(shop.path(`${name}.pub`), pem(publicKey, "spki"), { mode: 0o644 });
        writeFileSync(shop.path(`${name}.key`), pem(privateKey, "pkcs8"), { mode: 0o600 });
      }
      shop.run("echo on", "learn", "good.contour");
    });
    beforeEach(() => {
      shop.configure({ signatures: [{ image: "registry.example/*", keys: ["release.pub"] }] });
      rmSync(shop.path("contours/good.contour.sig"), { force: true });
    });
    afterAll(() => shop.close());

    const sign = (key = "release", name = "good.contour", ...words: string[]) =>
      expect(
        shop.isoline("sign", shop.path(`contours/${name}`), "--key", shop.path(`${key}.key`), ...words),
      ).toMatchObject({ status: 0 });
    const start = (annotations: Record<string, string> = { ...named, ...label }): Result =>
      shop.runc("run", "--bundle", shop.bundle("echo on", annotations), shop.id());
    const refusal = (reason: RegExp) => ({
      status: 125,
      stdout: "",
      stderr: expect.stringMatching(new RegExp(`^isoline-runc: [^\\n]*${reason.source}[^\\n]*\\n$`)) as string,
    });

    it("starts a signed canister, and one for which no signature is required", () => {
      expect(start()).toMatchObject(refusal(/found nothing; sign it with isoline sign/));
      sign();
      expect(start()).toMatchObject({ status: 0, stdout: "on\n" });
      sign("release", "good.contour", "--image", image);
      expect(start()).toMatchObject({ status: 0, stdout: "on\n" });
      rmSync(shop.path("contours/good.contour.sig"));
      expect(start({ "io.kubernetes.cri.image-name": "localhost/own:1", ...label })).toMatchObject({ status: 0 });
    });

    it("refuses a signature by another key, for another image and for another contour", () => {
      sign("other");
      expect(start()).toMatchObject(refusal(/found none of theirs/));
      sign("release", "good.contour", "--image", other);
      expect(start()).toMatchObject(refusal(/it is for another image/));
      shop.run("echo more; id", "learn", "more.contour");
      sign("release", "more.contour");
      renameSync(shop.path("contours/more.contour.sig"), shop.path("contours/good.contour.sig"));
      expect(start()).toMatchObject(refusal(/the signature is another contour's/));
    });

    it("refuses a signature that is truncated, a link, or missing", () => {
      const beside = shop.path("contours/good.contour.sig");
      sign();
      copyFileSync(beside, shop.path("elsewhere.sig"));
      truncateSync(beside, 100);
      expect(start()).toMatchObject(refusal(/expected the signature of a contour/));
      rmSync(beside);
      symlinkSync(shop.path("elsewhere.sig"), beside);
      expect(start()).toMatchObject(refusal(/found a symbolic link/));
    });

    it("does not let a container learn instead, nor one that names no image", () => {
      sign();
      expect(start({ ...named, ...label, "dev.isoline.mode": "learn" })).toMatchObject(refusal(/got mode learn/));
      expect(start({ ...named })).toMatchObject(refusal(/expected a label/));
      shop.configure({ signatures: [{ image: "*", keys: ["other.pub"] }] });
      expect(start(label)).toMatchObject(refusal(/found none of theirs/));
    });

    it("requires the image in the signature when the contour came with the image", () => {
      const attached = `${image.replace(":", "-")}.contour`;
      copyFileSync(shop.path("contours/good.contour"), shop.path(`contours/${attached}`));
      sign("release", attached);
      expect(start(named)).toMatchObject(refusal(/sign with --image/));
      shop.configure({ signatures: [{ image: "*", keys: ["release.pub"] }] });
      expect(shop.inspect(image)).toMatchObject({
        status: 1,
        stdout: expect.stringMatching(/sign with --image/) as string,
      });
      sign("release", attached, "--image", image);
      expect(start(named)).toMatchObject({ status: 0, stdout: "on\n" });
      expect(shop.inspect(image).stdout).toContain(`signed by ${shop.path("release.pub")}\n`);
    });

    it("refuses keys that other users may write, and invalid rules", () => {
      sign();
      chmodSync(shop.path("release.pub"), 0o666);
      expect(start()).toMatchObject(refusal(/only its owner can write/));
      chmodSync(shop.path("release.pub"), 0o644);
      for (const signatures of [
        [{ image: "*" }],
        [{ image: "*", keys: [] }],
        [{ image: "*", keys: ["x"], key: "y" }],
        {},
      ]) {
        shop.configure({ signatures });
        expect(start()).toMatchObject(refusal(/signatures/));
      }
      shop.configure({ signatures: [{ image: "*", keys: ["none.pub"] }] });
      expect(start()).toMatchObject(refusal(/expected a key in PEM, found nothing/));
    });
  },
);

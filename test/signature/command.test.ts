/** Signed contours from the command line: signed, shown, and required before a command starts. */
import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { isoline, temporaryPlace } from "../cli/isoline.ts";

const { path } = temporaryPlace();

describe("a command under a contour that must be signed", () => {
  beforeAll(() => {
    for (const name of ["release", "other"]) {
      const { publicKey, privateKey } = generateKeyPairSync("ed25519");
      writeFileSync(path(`${name}.key`), privateKey.export({ type: "pkcs8", format: "pem" }));
      writeFileSync(path(`${name}.pub`), publicKey.export({ type: "spki", format: "pem" }));
    }
    isoline(["learn", "-o", path("app.contour"), "-q", "--", "/bin/echo", "on"]);
  });

  const run = (...keys: readonly string[]) =>
    isoline([
      "run",
      path("app.contour"),
      "--enforce",
      "-q",
      ...keys.flatMap((key) => ["--require-signature", path(`${key}.pub`)]),
      "--",
      "/bin/echo",
      "on",
    ]);
  const refused = { status: 125, stdout: "" };

  it("starts when one of the keys signed it, and not before", () => {
    expect(run("release")).toMatchObject({ ...refused, stderr: expect.stringContaining("found nothing") as string });
    const signed = isoline(["sign", path("app.contour"), "--key", path("release.key")]);
    expect(signed).toMatchObject({ status: 0, stdout: `${path("app.contour.sig")}\n` });
    expect(run("other", "release")).toMatchObject({ status: 0, stdout: "on\n", stderr: "" });
    expect(run("other")).toMatchObject({ ...refused, stderr: expect.stringContaining("none of theirs") as string });
    expect(isoline(["verify", path("app.contour"), "--trusted-key", path("release.pub")]).stdout).toContain(
      `signed by    ${path("release.pub")}`,
    );
    expect(isoline(["verify", path("app.contour"), "--trusted-key", path("other.pub")]).status).toBe(1);
  });

  it("does not start once more was learnt, or when it was signed for canisters of an image", () => {
    const image = `sha256:${"a".repeat(64)}`;
    const sign = (...words: string[]) => isoline(["sign", path("app.contour"), "--key", path("release.key"), ...words]);
    expect(sign("--image", image).status).toBe(0);
    expect(run("release")).toMatchObject({ ...refused, stderr: expect.stringContaining("another image") as string });
    expect(sign("--image", "web:1")).toMatchObject({ status: 2 });
    expect(sign().status).toBe(0);
    const signature = readFileSync(path("app.contour.sig"));
    isoline(["learn", "-o", path("app.contour"), "--merge", "-q", "--", "/bin/cat", "/etc/hostname"]);
    expect(run("release")).toMatchObject({ ...refused, stderr: expect.stringContaining("found nothing") as string });
    writeFileSync(path("app.contour.sig"), signature);
    expect(run("release")).toMatchObject({ ...refused, stderr: expect.stringContaining("altered") as string });
  });

  it("is not signed if it is no contour", () => {
    writeFileSync(path("bad.contour"), readFileSync(path("app.contour")));
    appendFileSync(path("bad.contour"), "x");
    expect(isoline(["sign", path("bad.contour"), "--key", path("release.key")])).toMatchObject({
      status: 1,
      stdout: "",
    });
  });
});

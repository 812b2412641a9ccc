/** The integrity view of a canister: what it used is measured, and what is not signed does not run in it. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { maySign } from "../integrity/live.ts";
import { makeSigner, OWNER, program, signatureOver } from "../integrity/signed-files.ts";
import { missing, type Result, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox") ?? (maySign ? undefined : "needs a filesystem with security attributes");

describe.skipIf(why !== undefined)(`IMA for a canister${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  const image = { "io.kubernetes.cri.image-name": "registry.example/web:1" };
  const signer = makeSigner("ec");
  const script = "/bin/signed; echo $?; /bin/unsigned; echo $?";

  const start = (annotations: Record<string, string>): Result =>
    shop.runc(
      "run",
      "--bundle",
      shop.bundle(script, { "dev.isoline.mode": "learn", "dev.isoline.contour": "ima.contour", ...annotations }),
      shop.id(),
    );
  const listed = () => readFileSync(shop.path("reports/ima.ima/ascii_runtime_measurements"), "utf8");

  beforeAll(() => {
    shop = new Workshop({}, "/var/tmp");
    const bin = shop.path("rootfs/bin");
    program(bin, "signed", (content) => signatureOver(content, signer));
    program(bin, "unsigned");
    writeFileSync(shop.path("key.der"), signer.der);
    const rules = `measure func=BPRM_CHECK\nappraise func=BPRM_CHECK fowner=${OWNER} appraise_type=imasig\n`;
    writeFileSync(shop.path("web.ima"), rules);
  });
  afterAll(() => shop.close());

  it("measures the runtime and the workload, by the names that each sees, and refuses what is not signed", () => {
    const label = { "dev.isoline.ima-policy": shop.path("web.ima"), "dev.isoline.ima-keys": shop.path("key.der") };
    expect(start(label)).toMatchObject({ status: 0, stdout: "0\n126\n" });
    expect(shop.report("ima.contour")).toMatchObject({ integrity: { rules: 2, mode: "enforce", denied: 1 } });
    expect(listed()).toMatch(/ sha256:[0-9a-f]{64} \/bin\/signed [0-9a-f]+\n/);
    expect(listed()).toMatch(/ \/bin\/busybox \n/);
    const audit = readFileSync(shop.path("reports/ima.ima/audit.jsonl"), "utf8");
    expect(audit).toMatch(/IMA-signature-required.*\/bin\/unsigned/);
    expect(shop.isoline("ima", "verify", shop.path("reports/ima.ima/binary_runtime_measurements")).status).toBe(0);
    expect(start({ ...label, "dev.isoline.ima-appraise": "log" }).stdout).toBe("0\n0\n");
  });

  it("is set by the host for an image, and no annotation can change it", () => {
    const rule = { image: "registry.example/*", contour: "ima.contour", mode: "learn" };
    shop.configure({ images: [{ ...rule, ima: { policy: "web.ima", keys: ["key.der"] } }] });
    expect(start(image)).toMatchObject({ status: 0, stdout: "0\n126\n" });
    expect(start({ ...image, "dev.isoline.ima-policy": "tcb" })).toMatchObject({ status: 125, stdout: "" });
    shop.configure({});
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["a relative policy", { "ima-policy": "web.ima" }, /an absolute path or built-in names/],
    ["keys without a policy", { "ima-keys": "/x" }, /a policy for the keys/],
    ["a relative key", { "ima-policy": "tcb", "ima-keys": "/x:y" }, /absolute paths/],
    ["files to be changed", { "ima-policy": "tcb", "ima-appraise": "fix" }, /enforce or log/],
    ["a missing policy", { "ima-policy": "/nowhere/x.ima" }, /expected a policy file/],
    ["an unknown name", { "ima-policy": "tbc" }, /expected a policy file/],
  ])("refuses %s before anything runs", (_, annotations, reason) => {
    const all = Object.entries(annotations).map(([key, value]) => [`dev.isoline.${key}`, value]);
    const { status, stdout, stderr } = start(Object.fromEntries(all) as Record<string, string>);
    expect({ status, stdout, stderr }).toEqual({
      status: 125,
      stdout: "",
      stderr: expect.stringMatching(reason) as string,
    });
  });

  it("refuses a policy that contradicts itself, by line and column", () => {
    appendFileSync(shop.path("web.ima"), "measure func=NOVEL\n");
    const { status, stderr } = start({ "dev.isoline.ima-policy": shop.path("web.ima") });
    expect({ status, stderr }).toEqual({ status: 125, stderr: expect.stringMatching(/line 3/) as string });
  });
});

import { describe, expect, it } from "vitest";
import { writeFileSync } from "node:fs";
import { isoline, temporaryPlace } from "../cli/isoline.ts";
import { isBuilt } from "../support/isoline.ts";
import { fixture, fixturePath } from "./fixtures.ts";

const place = temporaryPlace();

describe.skipIf(!isBuilt)("isoline ima", () => {
  it("verifies a kernel's list against a quote", () => {
    const { status, stdout } = isoline([
      "ima",
      "verify",
      "--pcrs",
      fixturePath("capture.pcrs.yaml"),
      fixturePath("capture.list"),
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/verified\n/);
    expect(stdout).toMatch(/sha256:10 +as expected after 107 of 109 entries/);
    expect(stdout).not.toContain("not compared");
  });

  it("says where nothing was compared, and prints the register that a run prints, whatever bank the list has", () => {
    const { stdout } = isoline(["ima", "verify", fixturePath("capture.list")]);
    expect(stdout).toMatch(/registers +not compared: .* against itself alone; --pcr or --pcrs/);
    const [, value = ""] = / {2}sha256:10 +([0-9a-f]{64})$/m.exec(stdout) ?? [];
    expect(stdout).toMatch(/ {2}sha1:10 +[0-9a-f]{40}$/m);
    const again = isoline(["ima", "verify", "--pcr", `sha256:10=${value}`, fixturePath("capture.list")]);
    expect(again.stdout).toMatch(/sha256:10 +as expected$/m);
    const other = isoline(["ima", "verify", "--pcr", `sha256:7=${value}`, fixturePath("capture.list")]);
    expect(other.stdout).toMatch(/registers +not compared: the list has no entry for those that were given/);
  });

  it("names an invalid signature, and counts the others", () => {
    const keys = ["ima.der", "imaec.der"].flatMap((name) => ["--key", fixturePath(name)]);
    const { status, stdout } = isoline(["ima", "verify", "--json", ...keys, fixturePath("enforce-imasig.list")]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ verified: false, signatures: { good: 2, bad: 1, unchecked: 1 } });
  });

  it("does not verify a list that was changed, or registers that it does not reach", () => {
    const changed = Buffer.from(fixture("capture.list"));
    changed.write("X", changed.indexOf("/bin/busybox"), "latin1");
    writeFileSync(place.path("changed.list"), changed);
    const result = isoline(["ima", "verify", place.path("changed.list")]);
    expect(result.status).toBe(1);
    expect(result.stdout).toMatch(/entry 3 +its sha1 digest is/);
    const wrong = `sha256:10=${"00".repeat(32)}`;
    expect(isoline(["ima", "verify", "--pcr", wrong, fixturePath("capture.list")]).status).toBe(1);
  });

  it("refuses an invalid list in one line", () => {
    writeFileSync(place.path("short.list"), fixture("capture.list").subarray(0, 500));
    const { status, stderr } = isoline(["ima", "verify", place.path("short.list")]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^isoline: measurement list, entry \d+: .*\n$/);
  });

  it("replays as tpm2_pcrread prints", () => {
    const { stdout } = isoline(["ima", "replay", "--bank", "sha256", fixturePath("percanister.list")]);
    const printed = fixture("percanister.pcrs.yaml").toString();
    for (const line of stdout.trim().split("\n").slice(1)) expect(printed).toContain(line.trim().split(" ").at(-1));
  });

  it("compares lists with the statuses of diff", () => {
    const [a, b] = [fixturePath("tpl-ima.list"), fixturePath("percanister.list")];
    expect(isoline(["ima", "diff", a, a]).status).toBe(0);
    expect(isoline(["ima", "diff", a, b]).status).toBe(1);
    expect(isoline(["ima", "diff", a, place.path("none")]).status).toBe(2);
  });

  it("shows the entries, and what is special about them", () => {
    const { stdout } = isoline(["ima", "show", fixturePath("enforce-imasig.list")]);
    expect(stdout).toMatch(/\/host\/tmp\/disk\/signed {2}\(signed by 73c05e62\)/);
    expect(isoline(["ima", "show", fixturePath("capture.list")]).stdout).toMatch(/\(violation\)/);
  });

  it("reports the faults of a policy by line and column", () => {
    writeFileSync(place.path("bad.ima"), "measure func=BPRM_CHECK\nmeasure func=WRONG\n");
    const { status, stderr } = isoline(["ima", "policy", place.path("bad.ima")]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^isoline: IMA policy, line 2, column 9: /);
    expect(isoline(["ima", "policy", fixturePath("policy.txt")]).stdout).toBe(fixture("policy.txt").toString());
  });
});

/** `isoline attest doctor`: what it says of a real TPM, and of machines with other roots. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostFiles } from "../../packages/isoline/src/attest/host-files.ts";
import { findRoots } from "../../packages/isoline/src/attest/roots/roots.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";
import { needsSwtpm, SoftwareTpm } from "./swtpm.ts";

describe("a machine without a TPM", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-roots-"));
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  const machine = (name: string, files: Readonly<Record<string, string>>) => {
    const root = join(place, name);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return findRoots({ files: hostFiles(root), tpm: undefined });
  };

  it("that has nothing else either proves nothing", async () => {
    expect(await machine("bare", { "dev/null": "" })).toMatchObject({
      root: "none",
      bootLog: { missing: expect.stringContaining("the kernel shows none") as string },
      confidential: { provider: null, detail: "no confidential virtual machine" },
    });
  });

  it("that is a guest without configfs-tsm is told what is missing", async () => {
    const { root, confidential } = await machine("guest", { "dev/tdx_guest": "" });
    expect({ root, ...confidential }).toMatchObject({
      root: "none",
      detail: expect.stringContaining("mount configfs"),
    });
  });

  it("that has configfs-tsm with no processor behind it proves nothing", async () => {
    const { root, confidential } = await machine("empty", { "sys/kernel/config/tsm/report/none": "" });
    expect({ root, ...confidential }).toMatchObject({ root: "none", provider: null });
  });

  it("whose logs are damaged is told so", async () => {
    const { bootLog, imaList } = await machine("damaged", {
      "sys/kernel/security/tpm0/binary_bios_measurements": "not a log",
      "sys/kernel/security/ima/binary_runtime_measurements": "nor this",
    });
    expect(bootLog).toMatchObject({ missing: expect.stringContaining("not a log of measured boot") as string });
    expect(imaList).toMatchObject({
      missing: expect.stringContaining("measurement list, entry 1: expected a register") as string,
    });
  });
});

describe.skipIf(needsSwtpm || !isInstalled("swtpm_setup") || !isBuilt)("a TPM (needs swtpm and a build)", () => {
  const software = new SoftwareTpm();
  const here = { cwd: tmpdir() };
  beforeAll(async () => {
    software.certify();
    await software.start();
  });
  afterAll(() => software.close());

  it("is found with its certificates, its registers, and the space that is left", async () => {
    const { stdout, status } = await isoline(
      ["attest", "doctor", "--json", "--count", "--tpm", software.address],
      here,
    );
    expect(status).toBe(0);
    const { root, tpm } = JSON.parse(stdout) as { root: string; tpm: Record<string, unknown> & { space: number } };
    expect({ root, ...tpm }).toMatchObject({
      root: "tpm",
      resettable: [16, 23],
      endorsement: {
        rsa2048: expect.stringContaining("CN=") as string,
        p384: expect.stringContaining("CN=") as string,
      },
      ownerHasPassword: false,
    });
    expect(tpm.space).toBeGreaterThan(0);
    // What was made to count the space is gone.
    const again = await isoline(["attest", "doctor", "--json", "--tpm", software.address], here);
    expect((JSON.parse(again.stdout) as { tpm: { indexes: number } }).tpm.indexes).toBe(tpm["indexes"]);
  });

  it("whose owner has a password can hold no register, and is worth less", async () => {
    software.tool("tpm2_changeauth", "-c", "owner", "secret");
    const { stdout } = await isoline(["attest", "doctor", "--tpm", software.address], here);
    software.tool("tpm2_changeauth", "-c", "owner", "-p", "secret");
    expect(stdout).toContain("the owner's hierarchy has a password");
    expect(stdout).toContain("root: tpm, weak");
  });

  it("that is not there is named, with what to do", async () => {
    const { status, stderr } = await isoline(["attest", "doctor", "--tpm", "unix:/nowhere/tpm"], here);
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot use the TPM at unix:\/nowhere\/tpm: .*; check that it runs/);
  });
});

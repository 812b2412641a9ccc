/** Reports of real processors, verified with the clock of their time. */
import { describe, expect, it } from "vitest";
import {
  parseSnpReport,
  parseTdxQuote,
  type SnpPolicy,
  type TdxPolicy,
  verifySnp,
  verifyTdx,
} from "../../../packages/attest/src/tee/index.ts";
import { hasRecorded, recorded, recordedCollateral, recordedSnp } from "./recorded.ts";

const JUNE_2025 = new Date("2025-06-25T00:00:00Z");
/** All the keys of platforms in the recorded quotes are valid. */
const WHILE_VALID = new Date("2026-02-15T00:00:00Z");
const milan = () => recordedSnp("coco-snp.report.bin", "coco-snp.vcek.der", "ask_ark_milan.pem");
const cloud = () => recordedSnp("coco-snp-vlek.report.bin", "coco-snp.vlek.der", "ask_ark_milan_vlek.pem");
const debugged = () => recordedSnp("sev-snp-milan.report.bin", "sev-snp-milan.vcek.der", "ask_ark_milan.pem");

function snpPolicy(report: Uint8Array): SnpPolicy {
  return { reportData: parseSnpReport(report).reportData, measurements: "any", minimumTcb: { snp: 5, microcode: 68 } };
}

function tdxPolicy(quote: Uint8Array): TdxPolicy {
  return { reportData: parseTdxQuote(quote).reportData, measurements: "any", statuses: ["UpToDate"] };
}

describe.skipIf(!hasRecorded)("recorded reports of SEV-SNP", () => {
  it("are proven by the key of the chip", async () => {
    const { evidence, trust } = milan();
    const proof = await verifySnp(evidence, snpPolicy(evidence.report), trust, JUNE_2025);
    expect(proof).toMatchObject({
      signer: "VCEK",
      vmpl: 0,
      tcb: { bootLoader: 3, tee: 0, snp: 8, microcode: 0x73 },
      until: new Date("2030-01-24T17:58:26Z"),
    });
    expect(proof.machine).toMatch(/^c38427a3/);
  });

  it("are proven by the key of a cloud, where the policy names the cloud and the level", async () => {
    const { evidence, trust } = cloud();
    const policy = snpPolicy(evidence.report);
    await expect(verifySnp(evidence, policy, trust, JUNE_2025)).rejects.toThrow("which the policy does not name");
    const named = { ...policy, clouds: ["CN=cc-us-east-2.amazonaws.com"] };
    await expect(verifySnp(evidence, named, trust, JUNE_2025)).rejects.toThrow("privilege level 1");
    const proof = await verifySnp(evidence, { ...named, lowestVmpl: 1 }, trust, JUNE_2025);
    expect(proof).toMatchObject({ signer: "VLEK", machine: "CN=cc-us-east-2.amazonaws.com", tcb: { microcode: 0xd9 } });
  });

  it("are refused where the host may debug the guest", async () => {
    const { evidence, trust } = debugged();
    await expect(verifySnp(evidence, snpPolicy(evidence.report), trust, JUNE_2025)).rejects.toThrow("may debug it");
  });

  it("are refused after the certificate of the cloud ran out", async () => {
    const { evidence, trust } = cloud();
    const later = new Date("2026-01-01T00:00:00Z");
    await expect(verifySnp(evidence, snpPolicy(evidence.report), trust, later)).rejects.toThrow("is valid from");
  });

  it("are refused under the root of another generation", async () => {
    const { trust } = recordedSnp("coco-snp.report.bin", "coco-snp.vcek.der", "ask_ark_genoa.pem");
    const { evidence } = milan();
    await expect(verifySnp(evidence, snpPolicy(evidence.report), trust, JUNE_2025)).rejects.toThrow("no trusted root");
  });
});

describe.skipIf(!hasRecorded)("recorded quotes of TDX", () => {
  it("are proven up to date by what Intel said of such platforms at the time", async () => {
    const quote = recorded("dcap-tdx.quote.bin");
    const { collateral, trust } = recordedCollateral();
    const proof = await verifyTdx({ quote, collateral }, tdxPolicy(quote), trust, JUNE_2025);
    expect(proof).toMatchObject({
      status: "UpToDate",
      advisories: [],
      platform: { fmspc: "b0c06f000000", pceSvn: 11 },
      until: new Date("2025-07-19T10:16:03Z"),
    });
  });

  it.each(["tdx-v5.quote.bin", "coco-tdx5.quote.bin", "tdx-v4.quote.bin"])(
    "%s is proven without collateral, where the policy accepts that",
    async (name) => {
      const whole = recorded(name);
      // Text that a person added stands behind one of them.
      const quote = name === "tdx-v4.quote.bin" ? whole.subarray(0, 48 + 584 + 4 + 4299) : whole;
      const { trust } = recordedCollateral();
      const bare = { ...trust, revocations: [] };
      const policy = tdxPolicy(quote);
      await expect(verifyTdx({ quote }, policy, bare, WHILE_VALID)).rejects.toThrow("its firmware is Unknown");
      const proof = await verifyTdx({ quote }, { ...policy, statuses: ["Unknown"] }, bare, WHILE_VALID);
      expect(proof.status).toBe("Unknown");
    },
  );

  it("are refused with text behind their end", () => {
    expect(() => parseTdxQuote(recorded("tdx-v4.quote.bin"))).toThrow("stands behind its end");
  });

  it("are refused where the host may debug the guest", async () => {
    const quote = recorded("coco-tdx4.quote.bin");
    const trust = { ...recordedCollateral().trust, revocations: [] };
    const policy: TdxPolicy = { ...tdxPolicy(quote), statuses: ["Unknown"] };
    await expect(verifyTdx({ quote }, policy, trust, WHILE_VALID)).rejects.toThrow("may debug it");
  });

  it("are refused once Intel's statements ran out", async () => {
    const quote = recorded("dcap-tdx.quote.bin");
    const { collateral, trust } = recordedCollateral();
    const later = new Date("2025-07-19T12:00:00Z");
    await expect(verifyTdx({ quote, collateral }, tdxPolicy(quote), trust, later)).rejects.toThrow("is valid from");
  });

  it("are not taken from an enclave of SGX", () => {
    expect(() => parseTdxQuote(recorded("dcap-sgx.quote.bin"))).toThrow("expected version 4 or 5, got 3");
  });
});

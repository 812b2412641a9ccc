/** SEV-SNP reports of a synthetic maker: what is accepted, and each reason to refuse. */
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type SnpPolicy, verifySnp } from "../../../packages/attest/src/tee/index.ts";
import { type Certificate, type ChainTrust, parseCertificate } from "../../../packages/attest/src/x509/index.ts";
import { parseRevocationList } from "../../../packages/attest/src/x509/revocation.ts";
import {
  ark,
  ask,
  CHIP,
  CLOUD,
  chipCertificate,
  chipKeys,
  MEASUREMENT,
  MILAN_TCB,
  REPORT_DATA,
  type ReportForm,
  snpReport,
  strangerArk,
  strangerAsk,
  TURIN_TCB,
  trust,
} from "./amd-vendor.ts";
import { authority, type ListForm, onCurve, revocationList, rsa } from "./der-writer.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const policy: SnpPolicy = {
  reportData: REPORT_DATA,
  measurements: { measurement: [MEASUREMENT] },
  minimumTcb: { bootLoader: 4, tee: 1, snp: 22, microcode: 213 },
};
const chip = chipCertificate();

interface Attempt {
  readonly report?: ReportForm;
  readonly bytes?: Uint8Array;
  readonly certificates?: readonly Certificate[];
  readonly policy?: Partial<SnpPolicy>;
  readonly trust?: Partial<ChainTrust>;
  readonly now?: Date;
}

const attempt = ({ report = {}, bytes, certificates = [chip], ...rest }: Attempt) =>
  verifySnp(
    { report: bytes ?? snpReport(report), certificates },
    { ...policy, ...rest.policy },
    { ...trust, ...rest.trust },
    rest.now ?? NOW,
  );

const turin = {
  cpuid: Buffer.from([0x1a, 2, 0]),
  ...Object.fromEntries(["current", "reported", "committed", "launch"].map((each) => [`${each}_tcb`, TURIN_TCB])),
  chip_id: Buffer.concat([CHIP.subarray(0, 8), Buffer.alloc(56)]),
};
const turinChip = (form = {}) =>
  chipCertificate({ product: "Turin-B1", tcb: TURIN_TCB, chip: CHIP.subarray(0, 8), ...form });
const cloudKey = () => chipCertificate({ cloud: CLOUD });
const VLEK = { flags: 4 };
const list = (form: ListForm, issuer = ark) => [parseRevocationList(revocationList(form, issuer))];

const deep = authority({ subject: "SEV-Below", pathLength: 0 }, rsa(), ask);
const late = authority(
  { subject: "SEV-Synthetic", until: new Date("2026-01-01T00:00:00Z"), pathLength: 0 },
  ask.keys,
  ark,
);
const lateArk = authority({ subject: "ARK-Synthetic", until: new Date("2026-01-01T00:00:00Z") }, ark.keys);

describe("a report of SEV-SNP that is accepted", () => {
  it.each([2, 3, 5])("has version %i", async (version) => {
    const old = version === 2 ? { cpuid: Buffer.alloc(3) } : {};
    const proof = await attempt({ report: { version, ...old } });
    expect(proof).toMatchObject({ is: "snp", signer: "VCEK", vmpl: 0, machine: CHIP.toString("hex") });
    expect(proof.tcb).toStrictEqual({ bootLoader: 4, tee: 1, snp: 22, microcode: 213 });
  });

  it("has mitigation vectors in version 5", async () => {
    await expect(
      attempt({ report: { version: 5, current_mitigations: 3n, launch_mitigations: 1n } }),
    ).resolves.toBeDefined();
  });

  it("is of a Turin, whose TCB has another order", async () => {
    const minimumTcb = { fmc: 2, bootLoader: 4, tee: 1, snp: 22, microcode: 213 };
    const proof = await attempt({ report: turin, certificates: [turinChip()], policy: { minimumTcb } });
    expect(proof.tcb).toStrictEqual(minimumTcb);
  });

  it("is signed with the key of a cloud that the policy names", async () => {
    const proof = await attempt({ report: VLEK, certificates: [cloudKey()], policy: { clouds: [CLOUD] } });
    expect(proof).toMatchObject({ signer: "VLEK", machine: CLOUD });
  });

  it("brings its authority along, which need not be known before", async () => {
    const certificates = [parseCertificate(ask.der), chip];
    await expect(attempt({ certificates, trust: { between: [] } })).resolves.toBeDefined();
  });

  it("leads to a pinned authority", async () => {
    await expect(attempt({ trust: { roots: [parseCertificate(ask.der)], between: [] } })).resolves.toBeDefined();
  });

  it("has certificates that OpenSSL understands the same way", () => {
    const read = new X509Certificate(chip.der);
    expect(read.verify(new X509Certificate(ask.der).publicKey)).toBe(true);
    expect(read.serialNumber.toLowerCase()).toBe(chip.serial);
    expect(new Date(read.validTo)).toStrictEqual(chip.until);
  });
});

describe("a report of SEV-SNP is refused", () => {
  const strangers = onCurve("P-384");
  const without = (oid: string): Certificate => ({
    ...chip,
    extensions: new Map([...chip.extensions].filter(([id]) => id !== oid)),
  });
  it.each<[why: string, Attempt, said: string]>([
    ["another version", { report: { version: 4 } }, "expected version 2, 3, 5, got 4"],
    ["another signature algorithm", { report: { signature_algo: 2 } }, "expected signature algorithm 1"],
    ["reserved bytes", { report: { reserved_5: 1n } }, "reserved_5: expected zero"],
    ["mitigations before version 5", { report: { current_mitigations: 1n } }, "expected zero in version 3"],
    ["a processor in version 2", { report: { version: 2 } }, "cpuid: expected zero in version 2"],
    ["unknown bits in its policy", { report: { policy: 0x8020000n } }, "bits without a meaning"],
    ["a policy without its fixed bit", { report: { policy: 0n } }, "bits without a meaning"],
    ["no signing key", { report: { flags: 7 << 2 } }, "signed with a VCEK or VLEK"],
    ["a masked chip key", { report: { flags: 2 } }, "signed with a VCEK or VLEK"],
    ["unknown flags", { report: { flags: 0x20 } }, "signed with a VCEK or VLEK"],
    ["one byte missing", { bytes: snpReport().subarray(1) }, "expected 1184 bytes, got 1183"],
    ["one byte more", { bytes: Buffer.concat([snpReport(), Buffer.alloc(1)]) }, "expected 1184 bytes, got 1185"],
    ["the signature of another key", { bytes: snpReport({}, strangers) }, "not signed by the key of its certificate"],
    ["another challenge", { policy: { reportData: Buffer.alloc(64) } }, "another challenge, key, aggregate or contour"],
    ["a question of no length", { policy: { reportData: new Uint8Array() } }, "another challenge"],
    ["a debugger", { report: { policy: 0xa0000n } }, "may debug it"],
    ["a migration agent that may come", { report: { policy: 0x60000n } }, "migration agent"],
    ["a migration agent", { report: { report_id_ma: Buffer.alloc(32, 1) } }, "migration agent"],
    ["a shared core, if forbidden", { report: { policy: 0x30000n }, policy: { withoutSmt: true } }, "share a core"],
    ["a lower privilege level", { report: { vmpl: 1 } }, "privilege level 1"],
    ["the host as the one who asked", { report: { vmpl: 0xffff_ffff } }, "privilege level 4294967295"],
    ["another measurement", { report: { measurement: Buffer.alloc(48, 1) } }, "measurement: expected"],
    [
      "a policy without a measurement",
      { policy: { measurements: { host_data: [] } } },
      "says nothing about measurement",
    ],
    [
      "other host data",
      { policy: { measurements: { measurement: [MEASUREMENT], host_data: ["11".repeat(32)] } } },
      "host_data",
    ],
    [
      "a measurement of TDX",
      { policy: { measurements: { measurement: [MEASUREMENT], mrtd: ["00"] } } },
      "no such measurement",
    ],
    [
      "the name of an inherited member",
      { policy: { measurements: { measurement: [MEASUREMENT], toString: ["x"] } } },
      "toString",
    ],
    ["old microcode", { policy: { minimumTcb: { microcode: 214 } } }, "expected microcode 214 or later, got 213"],
    ["an old boot loader, whatever the rest", { policy: { minimumTcb: { bootLoader: 5 } } }, "expected bootLoader 5"],
    ["old firmware at launch", { report: { launch_tcb: Buffer.alloc(8) } }, "launch_tcb: expected bootLoader 4"],
    ["old firmware that runs", { report: { current_tcb: Buffer.alloc(8) } }, "current_tcb: expected bootLoader 4"],
    [
      "a part of the TCB that it does not have",
      { policy: { minimumTcb: { fmc: 0 } } },
      "expected fmc 0 or later, got none",
    ],
    ["a minimum that is no number", { policy: { minimumTcb: { snp: Number.NaN } } }, "expected snp NaN"],
    [
      "other firmware than its key is for",
      { report: { reported_tcb: Buffer.from([5, ...MILAN_TCB.subarray(1)]) } },
      "byte 0 of the TCB",
    ],
    [
      "reserved parts of the TCB",
      { report: { reported_tcb: Buffer.from([4, 1, 9, 0, 0, 0, 22, 213]) } },
      "byte 2 of the TCB",
    ],
    ["another chip", { report: { chip_id: Buffer.alloc(64, 1) } }, "its key is for the chip c5c5"],
    ["a hidden chip", { report: { chip_id: Buffer.alloc(64) } }, "hides the chip"],
    ["a processor of another generation", { report: { cpuid: Buffer.from([0x1a, 1, 1]) } }, "of family 0x1a"],
    ["an unknown processor", { certificates: [chipCertificate({ product: "Rome-B0" })] }, "unknown here"],
    [
      "a Turin with the TCB of a Milan",
      { report: { ...turin, reported_tcb: MILAN_TCB }, certificates: [turinChip()] },
      "byte 0",
    ],
    [
      "a Turin with more than 8 bytes of chip",
      { report: { ...turin, chip_id: CHIP }, certificates: [turinChip()] },
      "its key is for the chip",
    ],
    [
      "a key without a product",
      { certificates: [without("1.3.6.1.4.1.3704.1.2")] },
      "no extension 1.3.6.1.4.1.3704.1.2",
    ],
    ["a key without a version", { certificates: [without("1.3.6.1.4.1.3704.1.3.8")] }, "no extension"],
    ["no certificate", { certificates: [] }, "expected one certificate of a VCEK"],
    ["two keys", { certificates: [chip, chip] }, "expected one certificate of a VCEK"],
    ["a key on another curve", { certificates: [chipCertificate({}, onCurve("P-256"))] }, "on P-384"],
    ["the key of a cloud in place of the chip's", { certificates: [cloudKey()] }, "expected one certificate of a VCEK"],
    ["the key of a chip in place of the cloud's", { report: VLEK }, "expected one certificate of a VLEK"],
    ["a cloud that is not named", { report: VLEK, certificates: [cloudKey()] }, "which the policy does not name"],
    ["another cloud", { report: VLEK, certificates: [cloudKey()], policy: { clouds: ["CN=other"] } }, "does not name"],
    ["no authority", { trust: { between: [] } }, "no trusted root leads to"],
    ["no root", { trust: { roots: [] } }, "no trusted root leads to"],
    [
      "a stranger's root of the same name",
      { trust: { roots: [parseCertificate(strangerArk.der)] } },
      "no trusted root",
    ],
    [
      "a stranger's authority of the same name",
      { certificates: [chipCertificate({}, chipKeys, strangerAsk)] },
      "no trusted root",
    ],
    [
      "a chip as an authority",
      {
        certificates: [chipCertificate({}, strangers, { name: "SEV-VCEK", keys: chipKeys, der: ask.der })],
        trust: { between: [chip, parseCertificate(ask.der)] },
      },
      "no trusted root",
    ],
    [
      "an authority below its last",
      {
        trust: { between: [parseCertificate(ask.der), parseCertificate(deep.der)] },
        certificates: [chipCertificate({}, chipKeys, deep)],
      },
      "no trusted root",
    ],
    ["a time before its key", { now: new Date("2019-12-31T23:59:59Z") }, "is valid from"],
    [
      "a time after its key",
      { certificates: [chipCertificate({ until: new Date("2026-05-31T00:00:00Z") })] },
      "is valid from",
    ],
    ["no time", { now: new Date(Number.NaN) }, "and it is no time at all"],
    [
      "an authority that ran out",
      { trust: { between: [parseCertificate(late.der)] } },
      '"SEV-Synthetic" is valid from',
    ],
    ["a root that ran out", { trust: { roots: [parseCertificate(lateArk.der)] } }, '"ARK-Synthetic" is valid from'],
    ["a revoked authority", { trust: { revocations: list({ revoked: [11] }) } }, '"SEV-Synthetic" is revoked'],
    ["a revoked chip", { trust: { revocations: list({ revoked: [23] }, ask) } }, '"SEV-VCEK" is revoked'],
    [
      "a list that ran out",
      { trust: { revocations: list({ until: new Date("2026-05-01T00:00:00Z") }) } },
      "revocation list of",
    ],
    ["a list of a stranger", { trust: { revocations: list({}, strangerArk) } }, "is not signed by it"],
    [
      "an empty list of a stranger beside the true one",
      { trust: { revocations: [...list({ revoked: [11] }), ...list({}, strangerArk)] } },
      "revoked",
    ],
    ["no list, where one is demanded", { trust: { covered: "authorities" } }, 'no revocation list of "ARK-Synthetic"'],
  ])("with %s", async (_why, what, said) => {
    await expect(attempt(what)).rejects.toThrow(said);
  });

  it("with a list that is about a part only", () => {
    const partial = revocationList({ extensions: [["2.5.29.28", Buffer.from([0x30, 0]), true]] }, ark);
    expect(() => parseRevocationList(partial)).toThrow("the extension 2.5.29.28 of a list is critical");
  });

  it("with a certificate that has a critical extension unknown here", () => {
    const odd = authority({ subject: "ARK-Synthetic", extensions: [["1.2.3.4", Buffer.from([5, 0]), true]] }, ark.keys);
    expect(() => parseCertificate(odd.der)).toThrow("its extension 1.2.3.4 is critical");
  });
});

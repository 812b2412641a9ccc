/** Damaged reports: each truncation and each changed bit is refused with one clear line, for either maker. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttestError } from "../../../packages/attest/src/error.ts";
import {
  parseCertificateTable,
  parseSnpReport,
  parseTdxQuote,
  statementIn,
  verifySnp,
  verifyTdx,
} from "../../../packages/attest/src/tee/index.ts";
import {
  type ChainTrust,
  parseCertificate,
  parseCertificates,
  parseRevocationList,
} from "../../../packages/attest/src/x509/index.ts";
import { isCI } from "../../support/machine.ts";
import * as amd from "./amd-vendor.ts";
import { revocationList } from "./der-writer.ts";
import * as intel from "./intel-vendor.ts";
import { hasRecorded, recordedCollateral, recordedSnp, recorded } from "./recorded.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const JUNE_2025 = new Date("2025-06-25T00:00:00Z");
/** Steps in bits. One that is no multiple of eight reaches each bit of a byte in turn. */
const ALL = 1;
const EACH_BYTE = 9;
const SOME = 97;

/** What became of an attempt: the code of a refusal, `accepted`, or whatever else was thrown. */
async function outcome(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "accepted";
  } catch (fault) {
    const isClear = fault instanceof AttestError && !fault.message.includes("\n") && fault.message.length < 1000;
    return isClear ? fault.code : `unclear: ${String(fault)}`;
  }
}

/** What became of bytes with one bit changed, at each `step`; in CI one of each byte at least, since a signature takes milliseconds. */
async function outcomesOfFlips(bytes: Uint8Array, step: number, attempt: (damaged: Uint8Array) => unknown) {
  const outcomes = new Set<string>();
  for (let bit = 0; bit < bytes.length * 8; bit += isCI ? Math.min(EACH_BYTE, step) : step) {
    const damaged = Uint8Array.from(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
    outcomes.add(await outcome(() => attempt(damaged)));
  }
  return [...outcomes].sort();
}

async function outcomesOfTruncations(bytes: Uint8Array, attempt: (damaged: Uint8Array) => unknown, least = 0) {
  const outcomes = new Set<string>();
  for (let length = least; length < bytes.length; length++)
    outcomes.add(await outcome(() => attempt(bytes.subarray(0, length))));
  return [...outcomes].sort();
}

const CLEAR = ["bad-certificate", "bad-tee-report", "broken-evidence", "untrusted-tee"];

const snpPolicy = {
  reportData: amd.REPORT_DATA,
  measurements: { measurement: [amd.MEASUREMENT] },
  minimumTcb: { snp: 1 },
};
const tdxPolicy = {
  reportData: intel.REPORT_DATA,
  measurements: { mrtd: [intel.MRTD] },
  statuses: ["UpToDate", "Unknown"] as const,
};
const chip = amd.chipCertificate();
const verifyReport = (report: Uint8Array) => verifySnp({ report, certificates: [chip] }, snpPolicy, amd.trust, NOW);
const bare: ChainTrust = { ...intel.trust, revocations: [] };
const verifyQuote = (quote: Uint8Array) => verifyTdx({ quote }, tdxPolicy, bare, NOW);

describe("a damaged report of SEV-SNP", () => {
  it("is accepted while it is whole", async () => {
    expect(await outcome(() => verifyReport(amd.snpReport()))).toBe("accepted");
  });

  it("is refused with any bit changed", async () => {
    const outcomes = await outcomesOfFlips(amd.snpReport({ version: 5 }), EACH_BYTE, verifyReport);
    expect(outcomes).toStrictEqual(["bad-tee-report", "broken-evidence"]);
  });

  it("is refused at any length", async () => {
    expect(await outcomesOfTruncations(amd.snpReport(), verifyReport)).toStrictEqual(["bad-tee-report"]);
  });

  it("is refused with any bit of its key's certificate changed", async () => {
    const outcomes = await outcomesOfFlips(chip.der, SOME, (der) =>
      verifySnp({ report: amd.snpReport(), certificates: [parseCertificate(der)] }, snpPolicy, amd.trust, NOW),
    );
    expect(CLEAR).toStrictEqual(expect.arrayContaining(outcomes));
  });

  it.skipIf(!hasRecorded)("of a real processor is refused with any bit changed", async () => {
    const { evidence, trust } = recordedSnp("coco-snp.report.bin", "coco-snp.vcek.der", "ask_ark_milan.pem");
    const policy = {
      reportData: parseSnpReport(evidence.report).reportData,
      measurements: "any" as const,
      minimumTcb: {},
    };
    const outcomes = await outcomesOfFlips(evidence.report, SOME, (report) =>
      verifySnp({ ...evidence, report }, policy, trust, JUNE_2025),
    );
    expect(outcomes).toStrictEqual(["bad-tee-report", "broken-evidence"]);
  });
});

describe("a damaged quote of TDX", () => {
  it("is accepted while it is whole", async () => {
    expect(await outcome(() => verifyQuote(intel.tdxQuote()))).toBe("accepted");
  });

  it("is refused with any bit changed", async () => {
    const outcomes = await outcomesOfFlips(intel.tdxQuote({ version: 5 }), SOME, verifyQuote);
    expect(CLEAR).toStrictEqual(expect.arrayContaining(outcomes));
  });

  it("is refused at any length", async () => {
    const outcomes = await outcomesOfTruncations(intel.tdxQuote(), verifyQuote);
    expect(outcomes).toStrictEqual(["bad-tee-report"]);
  });

  it("is refused with any bit of a statement changed", async () => {
    const text = new TextEncoder().encode(intel.collateral.tcbInfo.text);
    const outcomes = await outcomesOfFlips(text, SOME, (damaged) => {
      const tcbInfo = { ...intel.collateral.tcbInfo, text: new TextDecoder().decode(damaged) };
      const collateral = { ...intel.collateral, tcbInfo };
      return verifyTdx({ quote: intel.tdxQuote(), collateral }, tdxPolicy, intel.trust, NOW);
    });
    expect(CLEAR).toStrictEqual(expect.arrayContaining(outcomes));
  });

  it.skipIf(!hasRecorded)("of a real processor is refused with any bit changed", async () => {
    const quote = recorded("coco-tdx5.quote.bin");
    const trust = { ...recordedCollateral().trust, revocations: [] };
    const policy = {
      reportData: parseTdxQuote(quote).reportData,
      measurements: "any" as const,
      statuses: ["Unknown"] as const,
    };
    expect(await outcome(() => verifyTdx({ quote }, policy, trust, JUNE_2025))).toBe("accepted");
    const outcomes = await outcomesOfFlips(quote, SOME, (damaged) =>
      verifyTdx({ quote: damaged }, policy, trust, JUNE_2025),
    );
    expect(CLEAR).toStrictEqual(expect.arrayContaining(outcomes));
  });
});

describe("a damaged revocation list", () => {
  it("is refused with any bit changed", async () => {
    const list = revocationList({ revoked: [1, 2, 3] }, amd.ark);
    const outcomes = await outcomesOfFlips(list, SOME, (der) => {
      const revocations = [parseRevocationList(der)];
      const covered = "authorities" as const;
      return verifySnp(
        { report: amd.snpReport(), certificates: [chip] },
        snpPolicy,
        { ...amd.trust, revocations, covered },
        NOW,
      );
    });
    expect(CLEAR).toStrictEqual(expect.arrayContaining(outcomes));
  });
});

describe("bytes that are nothing", () => {
  it.each<[string, (bytes: Uint8Array) => unknown]>([
    ["report", parseSnpReport],
    ["quote", parseTdxQuote],
    ["certificate", parseCertificate],
    ["text of certificates", (bytes) => parseCertificates(new TextDecoder().decode(bytes))],
    ["revocation list", parseRevocationList],
    ["answer of a service", (bytes) => statementIn(new TextDecoder().decode(bytes), "tcbInfo", "")],
  ])("are no %s", async (_what, parse) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2048 }), async (bytes) => {
        expect(["bad-certificate", "bad-tee-report"]).toContain(await outcome(() => parse(bytes)));
      }),
    );
  });
});

describe("a table of certificates", () => {
  const GUIDS = {
    VCEK: "63da758de6644564adc5f4b93be8accd",
    ASK: "4ab7b379bbac4fe4a02f05aef327c782",
    other: "ff".repeat(16),
  };

  /** A table as a host writes it: entries, an end, the certificates. */
  function table(entries: readonly (readonly [keyof typeof GUIDS, Uint8Array])[]): Buffer {
    let offset = 24 * (entries.length + 1);
    const rows = entries.map(([kind, der]) => {
      const row = Buffer.concat([Buffer.from(GUIDS[kind], "hex"), Buffer.alloc(8)]);
      row.writeUInt32LE(offset, 16);
      row.writeUInt32LE(der.length, 20);
      offset += der.length;
      return row;
    });
    return Buffer.concat([...rows, Buffer.alloc(24), ...entries.map(([, der]) => der)]);
  }
  const whole = table([
    ["VCEK", chip.der],
    ["other", Buffer.from("something else")],
    ["ASK", amd.ask.der],
  ]);

  it("gives what it names, and passes over the rest", () => {
    const entries = parseCertificateTable(whole);
    expect(entries.map(({ kind }) => kind)).toStrictEqual(["VCEK", "ASK"]);
    expect(Buffer.from(entries[0]!.der).equals(chip.der)).toBe(true);
    expect(parseCertificateTable(new Uint8Array())).toStrictEqual([]);
  });

  it("is refused at any length, and never read beyond its end", async () => {
    // A host without certificates gives an empty table.
    expect(await outcomesOfTruncations(whole, parseCertificateTable, 1)).toStrictEqual(["bad-tee-report"]);
    const outcomes = await outcomesOfFlips(whole.subarray(0, 96), ALL, parseCertificateTable);
    expect(["accepted", "bad-tee-report"]).toStrictEqual(expect.arrayContaining(outcomes));
    expect(() => parseCertificateTable(Buffer.alloc(24 * 20, 1))).toThrow("reaches beyond the end");
    expect(() => parseCertificateTable(Buffer.alloc(65_537))).toThrow("expected at most 65536 bytes");
  });
});

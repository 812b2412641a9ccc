/** Evidence of a confidential machine without a TPM, from the kernel's report to the verdict, and each reason to refuse it. */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Appraisal, appraise, type MachineTrust } from "../../../packages/attest/src/appraise/index.ts";
import { type Evidence, evidenceOf, stateOf, writeEvidence } from "../../../packages/attest/src/evidence/index.ts";
import { nodeIdByKey, reportData } from "../../../packages/attest/src/tee/index.ts";
import { attestationKey } from "../../../packages/attest/src/tpm/index.ts";
import { makeEvidence } from "../../../packages/isoline/src/attest/make-evidence.ts";
import { verifyEvidence } from "../../../packages/isoline/src/attest/verify-evidence.ts";
import { bound, contour, published } from "../../forgery/published.ts";
import { isBuilt, isoline } from "../../support/isoline.ts";
import { canisterSample, nodeSample } from "../samples.ts";
import { agedNode, altered, digest32, oldPlatform, otherRoot, otherSignature } from "./altered-evidence.ts";
import * as amd from "./amd-vendor.ts";
import { revocationList } from "./der-writer.ts";
import { FakeTsm } from "./fake-tsm.ts";
import * as intel from "./intel-vendor.ts";
import { policy, tdxRules } from "./machine-policy.ts";
import { hasRecorded, recorded, recordedSnp } from "./recorded.ts";

const NOW = new Date("2026-06-01T00:00:00Z");
const { publicKey } = generateKeyPairSync("ed25519");
const key = Uint8Array.from(publicKey.export({ type: "spki", format: "der" }));
const other = Uint8Array.from(generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }));
const NO_AGGREGATE = new Uint8Array(32);
const ZEROS = "00".repeat(48);
const challenge = new Uint8Array(32).fill(0xc4);

const machines: MachineTrust = {
  nodes: [{ id: nodeIdByKey(key), key }],
  roots: [amd.ark.der, intel.root.der],
  between: [amd.ask.der],
  revocations: [intel.root, intel.platformAuthority].map((authority) => revocationList({}, authority)),
  collateral: [intel.collateral],
};

const chipTable = amd.certificateTable([amd.VCEK, amd.chipCertificate().der]);

interface Sent {
  /** What the node says of itself and its canister. */
  readonly node?: object;
  readonly body?: object;
  /** What the report is made about. */
  readonly about?: Partial<Parameters<typeof reportData>[0]>;
  readonly snp?: amd.ReportForm;
  readonly tdx?: intel.QuoteForm;
  readonly change?: (evidence: Evidence) => Evidence;
  readonly policy?: Uint8Array;
  readonly machines?: Partial<MachineTrust> | "none";
  readonly challenge?: Uint8Array;
  /** Ids of nodes that are enrolled by the key of a TPM. */
  readonly enrolled?: readonly string[];
}

async function evidenceWith({ node, body, about, snp, tdx, change = (one) => one }: Sent): Promise<Evidence> {
  const told = canisterSample("web", {
    ...published,
    sensor: "seccomp",
    bound: bound(challenge, NO_AGGREGATE),
    ...body,
  });
  const { build, kernel, ...rest } = nodeSample({ node: nodeIdByKey(key), made: NOW.getTime(), ...node });
  const statement = stateOf(challenge, { build, kernel, ...rest }, [told]);
  const { qualifying, tree } = statement;
  const data = Buffer.from(
    await reportData({ challenge: qualifying, key, aggregate: NO_AGGREGATE, contour: tree.root, ...about }),
  );
  const report =
    tdx === undefined
      ? { provider: "sev_guest", report: amd.snpReport({ report_data: data, ...snp }), certificates: chipTable }
      : {
          provider: "tdx_guest",
          report: intel.tdxQuote({ ...tdx, body: { report_data: data.toString("hex"), ...tdx.body } }),
          certificates: new Uint8Array(),
        };
  const reports = [{ ...report, report: Uint8Array.from(report.report), key }];
  return change(evidenceOf(statement, { registers: [], reports }));
}

async function judged(sent: Sent): Promise<Appraisal> {
  const trusted = sent.machines === "none" ? undefined : { ...machines, ...sent.machines };
  return appraise({
    evidence: writeEvidence(await evidenceWith(sent)),
    challenge: sent.challenge ?? challenge,
    trust: {
      nodes: (sent.enrolled ?? []).map((id) => ({ id, attestationKey })),
      contourSigners: [],
      policySigners: [],
      contours: [contour],
      machines: trusted,
    },
    policy: sent.policy ?? policy(),
    references: [],
    now: NOW,
  });
}

/** The first check that failed, with its class, and why. */
function refusal({ platform, canisters }: Appraisal): readonly [string, string] {
  const failed = [platform, ...canisters].flatMap(({ checks }) => checks).find(({ outcome }) => outcome === "failed");
  return failed ? [`${failed.name}: ${failed.failure}`, failed.why ?? ""] : ["no alarm", ""];
}

const report = (change: object) => (evidence: Evidence) => ({
  ...evidence,
  reports: evidence.reports.map((one) => ({ ...one, ...change })),
});

describe("evidence of a confidential machine is affirmed", () => {
  it.each<[string, Sent]>([
    ["with a report of SEV-SNP", {}],
    ["with a quote of TDX", { tdx: {} }],
    [
      "with Intel's statements about another kind of platform beside the right ones",
      {
        tdx: {},
        machines: {
          collateral: [
            { ...intel.collateral, tcbInfo: intel.statement({ ...intel.tcbInfo, fmspc: "000000000000" }) },
            intel.collateral,
          ],
        },
      },
    ],
    [
      "with the certificate of the chip in the trust directory, where the host gave none",
      {
        change: report({ certificates: new Uint8Array() }),
        machines: { between: [amd.ask.der, amd.chipCertificate().der] },
      },
    ],
  ])("%s", async (_, sent) => {
    const result = await judged(sent);
    expect(refusal(result)).toEqual(["no alarm", ""]);
    expect(result).toMatchObject({ status: "affirming", root: "tee", node: nodeIdByKey(key) });
    expect(result.canisters).toMatchObject([{ label: "web", root: "tee" }]);
    expect(result.accepted?.clock).toBeUndefined();
  });
});

describe("a policy that leaves open what a TDX guest boots", () => {
  it.each<[string, object, string]>([
    ["is warned of", tdxRules, "names no rtmr1 and no rtmr2: any kernel"],
    [
      "is warned of for the one that is missing",
      { measurements: { ...tdxRules.measurements, rtmr1: [ZEROS] } },
      "no rtmr2",
    ],
    [
      "is not warned of where both are named",
      { measurements: { ...tdxRules.measurements, rtmr1: [ZEROS], rtmr2: [ZEROS] } },
      "nothing",
    ],
  ])("%s", async (_, tdx, said) => {
    const { status, platform } = await judged({ tdx: {}, policy: policy({ tee: { tdx } }) });
    const { why } = platform.checks.find(({ name }) => name === "machine")!;
    expect(status).toBe("affirming");
    expect(why ?? "nothing").toContain(said);
  });
});

const DISTRUST = "machine: untrusted-platform";
const BROKEN = "machine: broken-evidence";

describe("evidence of a confidential machine is refused", () => {
  it.each<[why: string, sent: Sent, check: string, said: string]>([
    [
      "the report is about another challenge",
      { about: { challenge: new Uint8Array(32) } },
      BROKEN,
      "another challenge",
    ],
    ["the report is about another key", { about: { key: other } }, BROKEN, "another challenge, key"],
    ["the report is about another aggregate", { about: { aggregate: digest32(1) } }, BROKEN, "another challenge"],
    ["the report is about other canisters", { about: { contour: digest32(2) } }, BROKEN, "another challenge"],
    ["a canister's body was altered", { change: altered }, "tree: broken-evidence", "a path from canister 0"],
    ["the root over the canisters was altered", { change: otherRoot }, BROKEN, "another challenge"],
    ["the node's body was altered", { change: agedNode }, BROKEN, "another challenge"],
    ["there is no report", { change: (one) => ({ ...one, reports: [] }) }, DISTRUST, "a report of a confidential"],
    [
      "there are two reports",
      { change: (one) => ({ ...one, reports: [...one.reports, ...one.reports] }) },
      BROKEN,
      "one report",
    ],
    [
      "the report says that it is about another key",
      { change: report({ key: other }) },
      DISTRUST,
      "the key that was enrolled",
    ],
    ["the provider is unknown", { change: report({ provider: "cca_guest" }) }, BROKEN, "cca_guest"],
    [
      "the provider is of another vendor",
      { change: report({ provider: "tdx_guest" }) },
      BROKEN,
      "certificates beside it",
    ],
    [
      "the table of certificates is cut",
      { change: report({ certificates: chipTable.subarray(0, 30) }) },
      BROKEN,
      "table",
    ],
    [
      "the report is not what the chip signed",
      { change: otherSignature },
      BROKEN,
      "not signed by the key of its certificate",
    ],
    ["a debugger may read the machine", { snp: { policy: 0xa0000n } }, DISTRUST, "may debug it"],
    ["the firmware is too old", { snp: { current_tcb: Buffer.alloc(8) } }, DISTRUST, "current_tcb"],
    ["something else was launched", { snp: { measurement: Buffer.alloc(48, 1) } }, DISTRUST, "measurement: expected"],
    ["the guest asked at a low level of privilege", { snp: { vmpl: 2 } }, DISTRUST, "privilege level 2"],
    ["a migration agent may come", { snp: { policy: 0x60000n } }, DISTRUST, "migration agent"],
    ["the root is a stranger's", { machines: { roots: [amd.strangerArk.der] } }, DISTRUST, "no trusted root"],
    ["no maker is trusted", { machines: "none" }, "chain: untrusted-platform", "engine's key is enrolled"],
    [
      "the engine's key is not enrolled",
      { machines: { nodes: [] } },
      "chain: untrusted-platform",
      "engine's key is enrolled",
    ],
    ["it answers another challenge", { challenge: digest32(7) }, "freshness: stale", "the challenge of this verifier"],
    [
      "a TPM is demanded as well",
      { policy: policy({ root: "tpm+tee" }), enrolled: [nodeIdByKey(key)] },
      "chain: untrusted-platform",
      "a quote by a TPM",
    ],
    [
      "a TPM is demanded as well, and none is enrolled for it",
      { policy: policy({ root: "tpm+tee" }) },
      "chain: untrusted-platform",
      "an enrolled node",
    ],
    [
      "a boot is demanded, which no report shows",
      { policy: policy({ boots: ["prod"] }) },
      "boot: untrusted-platform",
      "no quote",
    ],
    [
      "the machine is another than the one that was enrolled",
      { machines: { nodes: [{ id: nodeIdByKey(key), key, machine: "snp:00" }] } },
      DISTRUST,
      "the machine that was enrolled, snp:00",
    ],
    [
      "there is a signature, and its key is for another algorithm",
      { change: report({ proof: new Uint8Array(70) }) },
      BROKEN,
      "a signature by the key that was enrolled over this evidence",
    ],
    ["the vendor has no rules", { policy: policy({ tee: { tdx: tdxRules } }) }, DISTRUST, "got SEV-SNP"],
    [
      "TDX: a debugger may read the machine",
      { tdx: { body: { tdattributes: "0100001000000000" } } },
      DISTRUST,
      "may debug it",
    ],
    ["TDX: something else was launched", { tdx: { body: { mrtd: "00".repeat(48) } } }, DISTRUST, "mrtd: expected"],
    ["TDX: the platform is out of date", { tdx: { certificates: oldPlatform() } }, DISTRUST, "SWHardeningNeeded"],
    ["TDX: without Intel's statements", { tdx: {}, machines: { collateral: [] } }, DISTRUST, "Unknown"],
    [
      "its canister is bound to a TPM's aggregate",
      { body: { bound: bound(challenge, digest32(3)) } },
      "bound: equivocation",
      "another machine",
    ],
    [
      "its canister departed",
      { body: { counters: { events: 9, departures: 1, refused: 0, lost: 0, untrusted: 1 } } },
      "trust: off-contour",
      "no departure",
    ],
    [
      "its canister runs under another contour",
      { body: { contour: digest32(9) } },
      "contour: unknown-contour",
      "reference values",
    ],
  ])("where %s", async (_, sent, check, said) => {
    const result = await judged(sent);
    const [failed, why] = refusal(result);
    expect(failed).toBe(check);
    expect(why).toContain(said);
    expect(why).not.toContain("\n");
    expect(result.status).not.toBe("affirming");
  });

  it("where a bit of it is flipped, wherever that is", async () => {
    const sample = writeEvidence(await evidenceWith({}));
    const trust = { nodes: [], contourSigners: [], policySigners: [], contours: [contour], machines };
    const question = { challenge, trust, policy: policy(), references: [], now: NOW };
    const missed: number[] = [];
    for (let at = 0; at < sample.length; at += 13) {
      const evidence = Uint8Array.from(sample);
      evidence[at]! ^= 1 << (at % 8);
      if ((await appraise({ ...question, evidence })).status === "affirming") missed.push(at);
    }
    expect(missed).toEqual([]);
  });
});

describe.skipIf(!hasRecorded)("a report of a real processor (needs recorded reports)", () => {
  it("leads to AMD's root, and is refused in evidence that it is not about", async () => {
    const { evidence: real, trust } = recordedSnp("coco-snp.report.bin", "coco-snp.vcek.der", "ask_ark_milan.pem");
    const tee = { snp: { measurements: { measurement: ["00".repeat(48)] }, minimumTcb: { snp: 5 } } };
    const given = {
      policy: policy({ tee, clockSkew: 366 * 24 * 3600 }),
      machines: { roots: trust.roots.map(({ der }) => der), between: trust.between.map(({ der }) => der) },
      change: report({
        report: real.report,
        certificates: amd.certificateTable([amd.VCEK, recorded("coco-snp.vcek.der")]),
      }),
    };
    expect(refusal(await judged(given))).toEqual([BROKEN, expect.stringContaining("another challenge") as string]);
    // Without AMD's root it does not come so far.
    expect(refusal(await judged({ ...given, machines: {} }))[0]).toBe(DISTRUST);
  });
});

describe("the whole path of a machine without a TPM", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-tee-"));
  const at = (name: string) => join(place, name);
  beforeAll(() => {
    // The evidence is of a host of its own: others on this machine may have namespaces under contours of theirs.
    vi.stubEnv("ISOLINE_HOST_DIRECTORY", at("host"));
    for (const folder of ["tee-makers", "tee-nodes"]) mkdirSync(at(`trust/${folder}`), { recursive: true });
    writeFileSync(at("trust/tee-makers/ark.der"), amd.ark.der);
    writeFileSync(at("trust/tee-makers/ask.der"), amd.ask.der);
    writeFileSync(at("trust/tee-nodes/guest-1.pub"), publicKey.export({ type: "spki", format: "pem" }));
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(place, { recursive: true, force: true });
  });

  it("is affirming, and what comes after it is compared with it", async () => {
    const reports = new FakeTsm({ auxblob: chipTable });
    const made = await makeEvidence({ challenge, tee: { key, reports } });
    const order = {
      evidence: writeEvidence(made),
      challenge,
      trust: at("trust"),
      policy: policy(),
      about: [],
      node: "guest-1",
      now: new Date(),
    };
    const result = await verifyEvidence(order);
    expect(refusal(result)).toEqual(["no alarm", ""]);
    expect(result).toMatchObject({ status: "affirming", root: "tee", name: "guest-1" });
    const older = await verifyEvidence({ ...order, policy: policy({ version: 0 }) });
    expect(refusal(older)[0]).toBe("policy: rollback");
  });

  it("needs a key that the node is known by", async () => {
    await expect(makeEvidence({ challenge, tee: { reports: new FakeTsm() } })).rejects.toThrow(
      "expected --tee-key FILE",
    );
  });

  it.skipIf(!isBuilt)("is refused on a machine that is not confidential, with what to do (needs a build)", async () => {
    const words = ["attest", "evidence", "--challenge", "c4".repeat(32), "--no-tpm", "-o", at("evidence.cbor")];
    const pem = at("trust/tee-nodes/guest-1.pub");
    const { status, stderr } = await isoline([...words, "--tee", "--tee-key", pem], { cwd: place });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/this kernel has no reports|is not confidential/)]);
    const without = await isoline([...words, "--tee-key", pem], { cwd: place });
    expect(without.stderr).toContain("--tee-key changes nothing without --tee");
  });
});

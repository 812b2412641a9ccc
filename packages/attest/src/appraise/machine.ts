/** The report of a confidential machine that stands behind a statement: who signed it, what it is about, and which machine it is. */
import { AttestError } from "../error.ts";
import { equal } from "../cbor/index.ts";
import { type Evidence, keyStatement, type ReportEvidence } from "../evidence/index.ts";
import {
  amd,
  parseCertificateTable,
  parseSnpReport,
  reportData,
  type SnpProof,
  type TdxProof,
  verifySnp,
  verifyTdx,
} from "../tee/index.ts";
import {
  type Certificate,
  type ChainTrust,
  isEqual,
  isSignedBy,
  keyOfInfo,
  parseCertificate,
  parseRevocationList,
} from "../x509/index.ts";
import { broken, untrustedPlatform } from "./findings.ts";
import type { MachineRules } from "./machine-rules.ts";
import type { MachineTrust } from "./question.ts";

export type MachineProof = SnpProof | TdxProof;

/** What a report must be about. */
export interface MachineStatement {
  /** `qualifyingData`: it covers the challenge, the node body and the canisters. */
  readonly qualifying: Uint8Array;
  /** SubjectPublicKeyInfo of the key that this node is enrolled by. */
  readonly key: Uint8Array;
  /** SHA-256 over registers 0 to 7; zeros without a quote. */
  readonly aggregate: Uint8Array;
}

const ECDSA = { is: "ECDSA", hash: "SHA-256" } as const;

/** Refuses evidence without exactly one report, and a report that proves nothing or is of a machine that the policy does not accept. */
export async function appraiseMachine(
  { reports, tree }: Pick<Evidence, "reports" | "tree">,
  { qualifying, key, aggregate }: MachineStatement,
  rules: MachineRules,
  trust: MachineTrust,
  now: Date,
  warn: (why: string) => void,
): Promise<MachineProof> {
  const [report] = reports;
  if (report === undefined)
    throw untrustedPlatform(
      "a report of a confidential machine",
      "none",
      "make evidence with --tee, in such a machine",
    );
  if (reports.length > 1) throw broken("one report of a machine", `${reports.length}`, "ask for new evidence");
  if (!equal(report.key, key))
    throw untrustedPlatform(
      "a report about the key that was enrolled",
      "one about another",
      "find out which machine answers for this node",
    );
  const data = await reportData({ challenge: qualifying, key, aggregate, contour: tree.root });
  return provenMachine(report, data, rules, trust, now, warn);
}

/**
 * Refuses evidence that is not signed by the key that its report is about. The report names the public half alone, and any guest of the
 * chip may have one made about it: the signature shows that the private half is there.
 */
export async function assertSigned(
  { reports: [report] }: Pick<Evidence, "reports">,
  qualifying: Uint8Array,
): Promise<void> {
  const { key, proof } = report ?? {};
  if (key === undefined || proof === undefined)
    throw untrustedPlatform("a signature by the key that was enrolled", "none", "update isoline on the node");
  const isByKey = async () => isSignedBy(keyOfInfo(key), ECDSA, proof, keyStatement(qualifying));
  // A key or a signature that cannot be read proves nothing.
  if (await isByKey().catch(() => false)) return;
  throw broken(
    "a signature by the key that was enrolled over this evidence",
    "something else",
    "find out who answers for this node",
  );
}

/** What the report of a machine proves that was to be about these 64 bytes. Refuses one that proves nothing, or is not accepted. */
export async function provenMachine(
  report: Omit<ReportEvidence, "key" | "proof">,
  data: Uint8Array,
  rules: MachineRules,
  trust: MachineTrust,
  now: Date,
  warn: (why: string) => void = () => {},
): Promise<MachineProof> {
  const chains = chainTrust(trust);
  switch (report.provider) {
    case "sev_guest":
      return verifySnp(snpEvidence(report, chains), { ...ruleOf(rules.snp, "SEV-SNP"), reportData: data }, chains, now);
    case "tdx_guest":
      warnOfOpenBoot(rules.tdx, warn);
      return tdxProof(report, { ...ruleOf(rules.tdx, "TDX"), reportData: data }, chains, trust, now);
    default:
      throw broken("a report by sev_guest or tdx_guest", JSON.stringify(report.provider), "update this verifier");
  }
}

/** The launch of a TDX guest measures its firmware alone. What that boots is in registers which it extends. */
function warnOfOpenBoot(rules: MachineRules["tdx"], warn: (why: string) => void): void {
  const named = rules?.measurements === "any" ? {} : (rules?.measurements ?? {});
  const open = ["rtmr1", "rtmr2"].filter((name) => !Object.hasOwn(named, name));
  if (open.length > 0)
    warn(
      `the policy names no ${open.join(" and no ")}: any kernel and command line that this firmware boots is accepted`,
    );
}

function ruleOf<R>(rules: R | undefined, vendor: string): R {
  if (rules !== undefined) return rules;
  throw untrustedPlatform("a machine of a vendor that the policy names", vendor, "add rules for it, or use another");
}

function chainTrust({ roots, between, revocations }: MachineTrust): ChainTrust {
  return {
    roots: roots.map(parseCertificate),
    between: between.map(parseCertificate),
    revocations: revocations.map(parseRevocationList),
    covered: "as given",
  };
}

/** Where the host gave no certificate of the chip along, the verifier may have that of this chip itself. */
function snpEvidence({ report, certificates: table }: Omit<ReportEvidence, "key">, { between }: ChainTrust) {
  const given = parseCertificateTable(table).map(({ der }) => parseCertificate(der));
  const isLeaf = ({ extensions }: Certificate) => extensions.has(amd.hardwareId) || extensions.has(amd.cloudId);
  if (given.some(isLeaf)) return { report, certificates: given };
  const { chipId } = parseSnpReport(report);
  const own = between.filter(({ extensions }) => {
    const chip = extensions.get(amd.hardwareId)?.value;
    return chip !== undefined && isEqual(chip, chipId.subarray(0, chip.length));
  });
  return { report, certificates: [...given, ...own] };
}

/** Intel's statements are about kinds of platforms: the first that is about this one counts. */
async function tdxProof(
  { report: quote, certificates }: Omit<ReportEvidence, "key">,
  policy: Parameters<typeof verifyTdx>[1],
  chains: ChainTrust,
  { collateral }: MachineTrust,
  now: Date,
): Promise<TdxProof> {
  if (certificates.length > 0)
    throw broken("a TDX quote, which has its certificates inside", "certificates beside it", "ask for new evidence");
  let refusal: unknown;
  for (const one of collateral.length === 0 ? [undefined] : collateral) {
    try {
      return await verifyTdx({ quote, collateral: one }, policy, chains, now);
    } catch (fault) {
      if (!(fault instanceof AttestError)) throw fault;
      refusal ??= fault;
    }
  }
  throw refusal;
}

/** What a report of AMD SEV-SNP proves. */
import {
  type Certificate,
  chainOf,
  earliest,
  type ChainTrust,
  isEqual,
  isSignedRaw,
  isZero,
  toHex,
  untrusted,
} from "../x509/index.ts";
import { assertMeasurements, assertReportData, type TeeQuestion } from "./policy.ts";
import { brokenReport } from "./refusal.ts";
import { guestPolicy, parseSnpReport, type SnpReport } from "./snp-report.ts";
import {
  amd,
  assertCertifiedTcb,
  assertMinimumTcb,
  type Generation,
  generationOf,
  ia5Of,
  type Tcb,
  tcbIn,
} from "./snp-tcb.ts";

/** What came from the machine, or from AMD: none of it is trusted. */
export interface SnpEvidence {
  readonly report: Uint8Array;
  /** The VCEK or VLEK, and authorities above it, in any order. */
  readonly certificates: readonly Certificate[];
}

export interface SnpPolicy extends TeeQuestion {
  /** The oldest acceptable firmware, for what runs, for what the key is for, and for what launched the guest. */
  readonly minimumTcb: Tcb;
  /** The least privileged level that may have asked; 0 unless given. Above it other software of the guest could have asked. */
  readonly lowestVmpl?: number;
  /** Clouds whose VLEK is accepted, by the name in the certificate; none unless given: a VLEK names no chip. */
  readonly clouds?: readonly string[];
  /** Accepts a guest with a migration agent, which can read all its memory. */
  readonly migrationAgent?: boolean;
  /** Refuses a guest that may share a core with others. */
  readonly withoutSmt?: boolean;
}

export interface SnpProof {
  readonly is: "snp";
  readonly signer: SnpReport["signer"];
  readonly measurements: Readonly<Record<string, string>>;
  readonly tcb: Tcb;
  readonly launchTcb: Tcb;
  readonly vmpl: number;
  /** The chip, in hexadecimal, or the cloud that a VLEK is for. */
  readonly machine: string;
  /** No certificate of the chain is valid longer. */
  readonly until: Date;
}

/**
 * Verifies a report: first that the chip's key signed it and that AMD's root stands behind that key, then what it says. Throws
 * `bad-tee-report`, `bad-certificate`, `broken-evidence` or `untrusted-tee`.
 */
export async function verifySnp(
  { report: bytes, certificates }: SnpEvidence,
  policy: SnpPolicy,
  trust: ChainTrust,
  now: Date,
): Promise<SnpProof> {
  const report = parseSnpReport(bytes);
  const key = keyFor(report, certificates);
  const chain = await chainOf(key, { ...trust, between: [...trust.between, ...certificates] }, now);
  if (!(await isSignedRaw(key.key, "SHA-384", report.signature, report.signed)))
    throw brokenReport("it is not signed by the key of its certificate");
  assertReportData(report.reportData, policy);
  const generation = generationOf(key, report);
  assertCertifiedTcb(key, report, generation);
  const machine = machineOf(key, report, generation, policy);
  assertGuest(report, policy);
  for (const field of ["reported_tcb", "current_tcb", "launch_tcb"])
    assertMinimumTcb(tcbIn(report, field, generation), policy.minimumTcb, field);
  const measurements = measurementsOf(report);
  assertMeasurements(measurements, "measurement", policy);
  return {
    is: "snp",
    signer: report.signer,
    measurements,
    tcb: tcbIn(report, "reported_tcb", generation),
    launchTcb: tcbIn(report, "launch_tcb", generation),
    vmpl: report.vmpl,
    machine,
    until: earliest(chain),
  };
}

/** A VCEK names a chip and no cloud; a VLEK names a cloud and no chip. */
function keyFor({ signer }: SnpReport, certificates: readonly Certificate[]): Certificate {
  const [with_, without] = signer === "VCEK" ? [amd.hardwareId, amd.cloudId] : [amd.cloudId, amd.hardwareId];
  const keys = certificates.filter(({ extensions }) => extensions.has(with_) && !extensions.has(without));
  const [key] = keys;
  if (key === undefined || keys.length > 1 || key.key.is !== "P-384")
    throw brokenReport(`expected one certificate of a ${signer} on P-384, got ${keys.length}`);
  return key;
}

function machineOf(key: Certificate, report: SnpReport, { chipIdBytes }: Generation, policy: SnpPolicy): string {
  if (report.signer === "VLEK") {
    const cloud = ia5Of(key, amd.cloudId);
    if (policy.clouds?.includes(cloud) !== true)
      throw untrusted(`its VLEK is for the cloud ${JSON.stringify(cloud)}, which the policy does not name`);
    return cloud;
  }
  const certified = key.extensions.get(amd.hardwareId)?.value ?? new Uint8Array();
  const [used, unused] = [report.chipId.subarray(0, chipIdBytes), report.chipId.subarray(chipIdBytes)];
  if (isZero(report.chipId)) throw untrusted("its host hides the chip");
  if (!isEqual(certified, used) || !isZero(unused))
    throw untrusted(
      `its key is for the chip ${toHex(certified).slice(0, 16)}…, but it is of ${toHex(used).slice(0, 16)}…`,
    );
  return toHex(used);
}

function assertGuest({ policy: bits, vmpl, fields }: SnpReport, policy: SnpPolicy): void {
  const has = (bit: bigint) => (bits & bit) !== 0n;
  if (has(guestPolicy.debug)) throw untrusted("its host may debug it, and so read and change its memory");
  const hasAgent = has(guestPolicy.migrationAgent) || !fields.at("report_id_ma").every((byte) => byte === 0xff);
  if (hasAgent && policy.migrationAgent !== true)
    throw untrusted("it has a migration agent, or may get one, and the policy accepts none");
  if (has(guestPolicy.smt) && policy.withoutSmt === true)
    throw untrusted("it may share a core with other guests, and the policy forbids that");
  const lowest = policy.lowestVmpl ?? 0;
  if (vmpl > lowest)
    throw untrusted(`it was asked for at privilege level ${vmpl}, and the policy accepts ${lowest} at most`);
}

function measurementsOf({ fields }: SnpReport): Readonly<Record<string, string>> {
  const names = ["measurement", "host_data", "id_key_digest", "author_key_digest", "family_id", "image_id"];
  return Object.fromEntries(names.map((name) => [name, fields.hex(name)]));
}

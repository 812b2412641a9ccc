/** Attestation reports of AMD SEV-SNP, versions 2, 3 and 5. */
import { Fields, type Layout } from "./layout.ts";
import { badReport } from "./refusal.ts";

export const snpReportLayout: Layout = {
  name: "SEV-SNP attestation report",
  source: "AMD, SEV Secure Nested Paging Firmware ABI Specification, 56860, revision 1.58, ATTESTATION_REPORT",
  size: 1184,
  fields: [
    { name: "version", offset: 0x000, size: 4, meaning: "2, 3 or 5" },
    { name: "guest_svn", offset: 0x004, size: 4, meaning: "the guest's own version" },
    { name: "policy", offset: 0x008, size: 8, meaning: "the guest's policy, see below" },
    { name: "family_id", offset: 0x010, size: 16, meaning: "chosen at launch" },
    { name: "image_id", offset: 0x020, size: 16, meaning: "chosen at launch" },
    { name: "vmpl", offset: 0x030, size: 4, meaning: "privilege level that asked; 0 is the highest" },
    { name: "signature_algo", offset: 0x034, size: 4, meaning: "1: ECDSA on P-384 with SHA-384" },
    { name: "current_tcb", offset: 0x038, size: 8, meaning: "firmware that runs" },
    { name: "platform_info", offset: 0x040, size: 8, meaning: "bit 0 SMT, bit 1 TSME" },
    { name: "flags", offset: 0x048, size: 4, meaning: "bit 0 author key, bit 1 chip key masked, bits 2–4 signing key" },
    { name: "reserved_1", offset: 0x04c, size: 4, meaning: "zero" },
    { name: "report_data", offset: 0x050, size: 64, meaning: "the guest's own, see below" },
    { name: "measurement", offset: 0x090, size: 48, meaning: "digest of what was launched" },
    { name: "host_data", offset: 0x0c0, size: 32, meaning: "the host's, fixed at launch" },
    { name: "id_key_digest", offset: 0x0e0, size: 48, meaning: "key that signed the identity of the guest" },
    { name: "author_key_digest", offset: 0x110, size: 48, meaning: "key that certified that key" },
    { name: "report_id", offset: 0x140, size: 32, meaning: "of this guest" },
    { name: "report_id_ma", offset: 0x160, size: 32, meaning: "of its migration agent; all ones without" },
    { name: "reported_tcb", offset: 0x180, size: 8, meaning: "firmware that the signing key is for" },
    { name: "cpuid", offset: 0x188, size: 3, meaning: "family, model, stepping; from version 3 on" },
    { name: "reserved_2", offset: 0x18b, size: 21, meaning: "zero" },
    { name: "chip_id", offset: 0x1a0, size: 64, meaning: "of the chip; zero where the host masks it" },
    { name: "committed_tcb", offset: 0x1e0, size: 8, meaning: "firmware below which the chip cannot go back" },
    { name: "current_version", offset: 0x1e8, size: 3, meaning: "build, minor, major" },
    { name: "reserved_3", offset: 0x1eb, size: 1, meaning: "zero" },
    { name: "committed_version", offset: 0x1ec, size: 3, meaning: "build, minor, major" },
    { name: "reserved_4", offset: 0x1ef, size: 1, meaning: "zero" },
    { name: "launch_tcb", offset: 0x1f0, size: 8, meaning: "firmware at launch" },
    { name: "launch_mitigations", offset: 0x1f8, size: 8, meaning: "mitigations at launch; from version 5 on" },
    { name: "current_mitigations", offset: 0x200, size: 8, meaning: "mitigations in force; from version 5 on" },
    { name: "reserved_5", offset: 0x208, size: 152, meaning: "zero" },
    { name: "signature_r", offset: 0x2a0, size: 72, meaning: "little-endian, 48 bytes used" },
    { name: "signature_s", offset: 0x2e8, size: 72, meaning: "little-endian, 48 bytes used" },
    { name: "reserved_6", offset: 0x330, size: 368, meaning: "zero" },
  ],
};

/** The signature is over everything before it. */
const SIGNED_BYTES = 0x2a0;
const VERSIONS = [2, 3, 5];
const ECDSA_P384 = 1;
const COORDINATE = 48;
const SIGNING_KEYS: Readonly<Record<number, SnpReport["signer"]>> = { 0: "VCEK", 1: "VLEK" };

/** Bits of the guest's policy (56860, GUEST_POLICY). */
export const guestPolicy = {
  smt: 1n << 16n,
  alwaysOne: 1n << 17n,
  migrationAgent: 1n << 18n,
  debug: 1n << 19n,
} as const;
/** The highest bit with a meaning is 25. */
const POLICY_RESERVED = ~((1n << 26n) - 1n);

export interface SnpReport {
  readonly version: number;
  readonly fields: Fields;
  readonly policy: bigint;
  readonly vmpl: number;
  /** The key that the report says it is signed with: of the chip, or of the provider of the cloud. */
  readonly signer: "VCEK" | "VLEK";
  /** Family of the processor (CPUID, with the extended family added); undefined before version 3. */
  readonly family: number | undefined;
  readonly reportData: Uint8Array;
  readonly chipId: Uint8Array;
  readonly signed: Uint8Array;
  /** The two numbers of the signature, big-endian, one behind the other. */
  readonly signature: Uint8Array;
}

/** Reads a report; nothing of it is to be believed before its signature was checked. Throws `bad-tee-report`. */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  const fields = new Fields(snpReportLayout, bytes);
  const version = fields.number("version");
  if (!VERSIONS.includes(version)) throw badReport(`expected version ${VERSIONS.join(", ")}, got ${version}`);
  if (fields.number("signature_algo") !== ECDSA_P384)
    throw badReport(`expected signature algorithm 1, got ${fields.number("signature_algo")}`);
  for (const name of unusedFields(version))
    if (fields.bits(name) !== 0n) throw badReport(`${name}: expected zero in version ${version}`);
  const policy = fields.bits("policy");
  if ((policy & guestPolicy.alwaysOne) === 0n || (policy & POLICY_RESERVED) !== 0n)
    throw badReport(`policy 0x${policy.toString(16)} has bits without a meaning`);
  return {
    version,
    fields,
    policy,
    vmpl: fields.number("vmpl"),
    signer: signerIn(fields.number("flags")),
    family: version < 3 ? undefined : fields.at("cpuid")[0],
    reportData: fields.at("report_data"),
    chipId: fields.at("chip_id"),
    signed: bytes.subarray(0, SIGNED_BYTES),
    signature: signatureIn(fields),
  };
}

function unusedFields(version: number): string[] {
  const reserved = snpReportLayout.fields.map(({ name }) => name).filter((name) => name.startsWith("reserved"));
  if (version < 5) reserved.push("launch_mitigations", "current_mitigations");
  if (version < 3) reserved.push("cpuid");
  return reserved;
}

/** A masked chip key signs nothing: such a report has zeros in place of a signature. */
function signerIn(flags: number): SnpReport["signer"] {
  const signer = SIGNING_KEYS[(flags >> 2) & 7];
  if (signer === undefined || (flags & 2) !== 0 || flags >> 5 !== 0)
    throw badReport(`flags 0x${flags.toString(16)}: expected a report that is signed with a VCEK or VLEK`);
  return signer;
}

function signatureIn(fields: Fields): Uint8Array {
  const signature = new Uint8Array(2 * COORDINATE);
  for (const [index, name] of ["signature_r", "signature_s"].entries()) {
    const number = fields.at(name);
    if (number.subarray(COORDINATE).some((byte) => byte !== 0))
      throw badReport(`${name}: more than ${COORDINATE} bytes`);
    signature.set(Uint8Array.from(number.subarray(0, COORDINATE)).reverse(), index * COORDINATE);
  }
  return signature;
}

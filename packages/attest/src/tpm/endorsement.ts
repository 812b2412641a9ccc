/** Certificates of endorsement keys: read from a TPM, and checked against the makers that a verifier trusts. */
import { X509Certificate } from "node:crypto";
import { AttestError } from "../error.ts";
import { commands } from "./commands.ts";
import { publicKeyOf } from "./public-key.ts";
import type { PublicArea } from "./structures.ts";
import type { Tpm } from "./tpm.ts";

/** The smallest buffer that the PC client profile permits for reading an index. */
const PIECE = 512;
const MOST_CERTIFICATE = 8192;
/**
 * tcg-kp-EKCertificate (TCG EK Credential Profile, 3.2.16). A maker issues other certificates too, and the holder of
 * such a key must not pass for a TPM.
 */
const ENDORSEMENT_USAGE = "2.23.133.8.1";
/** Makers have one or two levels below their root. */
const MOST_LINKS = 5;

/**
 * The whole content of an NV index that anyone may read with the index's own empty password, as the profile has it for certificates
 * (2.2.1.4): the owner's hierarchy may have a password.
 */
export async function readIndex(tpm: Tpm, index: number): Promise<Buffer> {
  const { public: area } = await tpm.run(commands.nvReadPublic, {}, { handles: [index] });
  if (area.dataSize > MOST_CERTIFICATE)
    throw untrusted(`its index has ${area.dataSize} bytes, more than a certificate`);
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < area.dataSize; offset += PIECE) {
    const size = Math.min(PIECE, area.dataSize - offset);
    const { data } = await tpm.run(commands.nvRead, { size, offset }, { handles: [index, index] });
    pieces.push(data);
  }
  return Buffer.concat(pieces);
}

/** What a verifier accepts: roots in DER or PEM, and certificates between them and a TPM's. */
export interface Makers {
  readonly roots: readonly (Uint8Array | string)[];
  readonly between?: readonly (Uint8Array | string)[];
}

/**
 * Refuses a certificate that is not of this key, that no trusted root leads to, or that is not valid at that time. Bytes behind the
 * certificate, which some makers leave in the index, are passed over.
 */
export function assertEndorsed(endorsement: PublicArea, certificate: Uint8Array, makers: Makers, now: Date): void {
  const leaf = certificateOf(certificate);
  if (leaf.ca || !leaf.keyUsage?.includes(ENDORSEMENT_USAGE))
    throw untrusted("its certificate is not for an endorsement key (extended key usage 2.23.133.8.1)");
  const key = (one: X509Certificate) => one.publicKey.export({ type: "spki", format: "der" });
  if (!key(leaf).equals(publicKeyOf(endorsement).export({ type: "spki", format: "der" })))
    throw untrusted("its certificate is for another key");
  const roots = makers.roots.map(certificateOf);
  const between = (makers.between ?? []).map(certificateOf);
  let current = leaf;
  for (let links = 0; links < MOST_LINKS; links++) {
    if (now < new Date(current.validFrom) || now > new Date(current.validTo))
      throw untrusted(`a certificate of its chain is valid from ${current.validFrom} to ${current.validTo} only`);
    const root = roots.find((each) => issued(current, each));
    if (root) return;
    const next = between.find((each) => each.ca && issued(current, each));
    if (next === undefined)
      throw untrusted(`its certificate leads to ${oneLine(current.issuer)}, which is not trusted`);
    current = next;
  }
  throw untrusted(`its chain has more than ${MOST_LINKS} certificates`);
}

function issued(certificate: X509Certificate, by: X509Certificate): boolean {
  return certificate.checkIssued(by) && certificate.verify(by.publicKey);
}

function certificateOf(bytes: Uint8Array | string): X509Certificate {
  try {
    return new X509Certificate(typeof bytes === "string" ? bytes : withoutRest(bytes));
  } catch {
    throw untrusted("its certificate cannot be read");
  }
}

/** DER says how long it is: a sequence with two bytes of length. */
function withoutRest(bytes: Uint8Array): Uint8Array {
  const isSequence = bytes[0] === 0x30 && bytes[1] === 0x82 && bytes.length > 4;
  return isSequence ? bytes.subarray(0, 4 + (bytes[2] as number) * 256 + (bytes[3] as number)) : bytes;
}

const oneLine = (name: string) => JSON.stringify(name.replaceAll("\n", ", ")).slice(0, 120);

function untrusted(why: string): AttestError {
  return new AttestError(
    "untrusted-endorsement",
    `the endorsement key of this TPM is not trusted: ${why}; add the maker's root if you trust it`,
  );
}

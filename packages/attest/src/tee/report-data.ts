/**
 * What an engine puts into its report, so that the report is about this challenge, this key, this node and this contour.
 *
 *   report_data = SHA-512("isoline tee 1" ‖ 0 ‖ field ‖ field ‖ field ‖ field)     field = length (4 bytes, big-endian) ‖ bytes
 *
 * The fields are challenge, key, aggregate and contour. Each has its length in front, so that no two statements have the same bytes.
 */
import { concatenated, subtle } from "../x509/index.ts";
import { badReport } from "./refusal.ts";

export interface ReportStatement {
  /** What the verifier sent: 16 to 64 bytes. */
  readonly challenge: Uint8Array;
  /** The engine's public key, as SubjectPublicKeyInfo in DER. */
  readonly key: Uint8Array;
  /** The node's hardware aggregate: 32 bytes, zero where there is no TPM. */
  readonly aggregate: Uint8Array;
  /** SHA-256 of the contour file: 32 bytes. */
  readonly contour: Uint8Array;
}

export const REPORT_DATA_BYTES = 64;
const DOMAIN = "isoline tee 1\0";
/** The permitted lengths of each field, in the order in which they are hashed. */
const LENGTHS = { challenge: [16, 64], key: [32, 1024], aggregate: [32, 32], contour: [32, 32] } as const;

/** The 64 bytes for the report: of a guest under SEV-SNP and under TDX alike. Throws `bad-tee-report` for a field of a wrong length. */
export async function reportData(statement: ReportStatement): Promise<Uint8Array<ArrayBuffer>> {
  const fields = Object.entries(LENGTHS).map(([name, [least, most]]) => {
    const bytes = statement[name as keyof ReportStatement];
    if (bytes.length < least || bytes.length > most)
      throw badReport(`report data: expected a ${name} of ${least} to ${most} bytes, got ${bytes.length}`);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    return concatenated(length, bytes);
  });
  const hashed = concatenated(new TextEncoder().encode(DOMAIN), ...fields);
  return new Uint8Array(await subtle().digest("SHA-512", hashed));
}

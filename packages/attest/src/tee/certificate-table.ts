/**
 * The certificates that a host hands to a guest beside a SEV-SNP report: `auxblob` of configfs-tsm (AMD, Guest-Hypervisor
 * Communication Block Standardization, 56421, revision 2.03, 4.1.8.1).
 *
 *   entry (24 bytes, until one that is zero): GUID (16) ‖ offset from the start (4, little-endian) ‖ length (4)
 */
import { isZero, toHex } from "../x509/index.ts";
import { badReport } from "./refusal.ts";
import { numberIn } from "./layout.ts";

/** A table is at most what a guest has pages for. */
const MOST_BYTES = 64 * 1024;
const MOST_ENTRIES = 16;
const ENTRY_BYTES = 24;

/** GUIDs as their bytes are: the order of RFC 4122, which is that of the text. */
const KINDS: Readonly<Record<string, CertificateKind>> = {
  "63da758de6644564adc5f4b93be8accd": "VCEK",
  a8074bc2a25a483eaae639c045a0b8a1: "VLEK",
  "4ab7b379bbac4fe4a02f05aef327c782": "ASK",
  c0b406a4a803495297433fb6014cd0ae: "ARK",
};

export type CertificateKind = "VCEK" | "VLEK" | "ASK" | "ARK";

export interface TableEntry {
  readonly kind: CertificateKind;
  /** A certificate in DER; nothing is believed because it is here. */
  readonly der: Uint8Array;
}

/** The certificates of a table; what else it holds is passed over. An empty table has none. Throws `bad-tee-report`. */
export function parseCertificateTable(bytes: Uint8Array): TableEntry[] {
  if (bytes.length > MOST_BYTES)
    throw badReport(`certificate table: expected at most ${MOST_BYTES} bytes, got ${bytes.length}`);
  if (bytes.length === 0) return [];
  const entries: TableEntry[] = [];
  for (let index = 0; index <= MOST_ENTRIES; index++) {
    const entry = bytes.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES);
    if (entry.length < ENTRY_BYTES) throw badReport("certificate table: it ends before its last entry");
    if (isZero(entry)) return entries;
    const offset = numberIn(entry.subarray(16, 20));
    const length = numberIn(entry.subarray(20, 24));
    if (length > bytes.length || offset > bytes.length - length)
      throw badReport("certificate table: an entry reaches beyond the end");
    const kind = KINDS[toHex(entry.subarray(0, 16))];
    if (kind !== undefined) entries.push({ kind, der: bytes.subarray(offset, offset + length) });
  }
  throw badReport(`certificate table: expected at most ${MOST_ENTRIES} entries`);
}

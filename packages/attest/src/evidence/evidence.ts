/**
 * Evidence: what a node sends to a verifier. One quote signs the node body, all canister bodies, and the verifier's challenge:
 *
 *   qualifyingData = SHA-256( "isoline evidence 1" ‖ challenge ‖ H( node body ) ‖ root of the canister bodies )
 *
 * Everything else here is a log or a certificate that this quote, or one like it over a register, vouches for.
 */
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { bytes, count, list, map, type Of, optional, read, text, word, write } from "../cbor/index.ts";
import { NAMING_BYTES } from "../register/index.ts";
import { registerName } from "./canister-body.ts";
import { digestOf } from "./digest.ts";
import { nodeDigest } from "./node-body.ts";
import { MOST_CANISTERS, MOST_LEVELS } from "./tree.ts";

const DIGEST = bytes(32);
/** Structures of a TPM, as it marshals them. */
const STRUCTURE = bytes(1, 2048);
/** The verifier's nonce; its length is fixed, so that what is hashed behind it cannot move. */
export const CHALLENGE_BYTES = 32;
/** All of the evidence. An IMA list of 200 000 entries has 20 MiB. */
export const MOST_EVIDENCE_BYTES = 2 ** 26;

/** Three structures and 24 registers. */
const MOST_QUOTE_BYTES = 2 ** 13;

const quote = map({
  /** TPMT_PUBLIC of the attestation key. */
  key: STRUCTURE,
  /** TPMS_ATTEST, and the TPMT_SIGNATURE over it. */
  message: STRUCTURE,
  signature: STRUCTURE,
  /** Values of the quoted registers of the SHA-256 bank, ascending by number. */
  registers: list(map({ number: count, value: DIGEST }), 24),
});

const registerCertificate = map({
  /** The Name that its birth is recorded under. */
  name: registerName,
  /** TPMS_NV_PUBLIC, whose digest is in the Name. */
  public: STRUCTURE,
  /** TPM2_NV_Certify over all 32 bytes, by the same key, with the same qualifying data. */
  message: STRUCTURE,
  signature: STRUCTURE,
});

/** One canister: its body, and the path from it to the root. */
const canister = map({
  index: count,
  path: list(DIGEST, MOST_LEVELS),
  /** A canister body, encoded. */
  body: bytes(1, 2 ** 16),
  /** The proof of its label, by which its births are found in the ledger. Only where there is a ledger. */
  name: optional(bytes(NAMING_BYTES)),
});

const report = map({
  /** As the kernel names what made it: `sev_guest` or `tdx_guest`. */
  provider: text(64),
  report: bytes(1, 2 ** 15),
  /** Certificates that came along with it; none under TDX, whose quotes have them inside. */
  certificates: bytes(0, 2 ** 16),
  /** SubjectPublicKeyInfo in DER: the attestation key where there is a quote, the engine's key otherwise. */
  key: bytes(32, 1024),
  /** Without a quote: by the private half of `key` over `keyStatement`. ECDSA with SHA-256, in DER. */
  proof: optional(bytes(8, 256)),
});

const evidence = map({
  type: word("isoline evidence 1"),
  challenge: bytes(CHALLENGE_BYTES),
  /** The node body, encoded. */
  node: bytes(1, 2 ** 18),
  /** The tree over the canister bodies, ascending by label. */
  tree: map({ size: count, root: DIGEST }),
  /** Those that this evidence is about: all, or the one of a tenant. */
  canisters: list(canister, MOST_CANISTERS),
  quote: optional(quote),
  registers: list(registerCertificate, MOST_CANISTERS),
  /** The firmware's log, as the kernel exports it (binary_bios_measurements). */
  bootLog: optional(bytes(0, 2 ** 24)),
  /** The kernel's IMA list in its binary form, SHA-256 bank. */
  imaList: optional(bytes(0, 2 ** 25)),
  /** isoline's own log of this boot. */
  ledger: optional(bytes(0, 2 ** 24)),
  /** Reports of a confidential machine about this statement, and the key that each is about. */
  reports: list(report, 4),
});

export type Evidence = Of<typeof evidence>;
export type QuoteEvidence = Of<typeof quote>;
export type ReportEvidence = Of<typeof report>;
export type RegisterCertificate = Of<typeof registerCertificate>;
export type CanisterEvidence = Of<typeof canister>;

/** A quote by itself: what a measured machine proves to the other end of a wire. */
export const writeQuote = (value: QuoteEvidence): Uint8Array => write(quote, value, "quote");

/** Refuses any other encoding of a quote, with `bad-evidence-format`. */
export const readQuote = (given: Uint8Array): QuoteEvidence => read(quote, given, MOST_QUOTE_BYTES, "quote");

export const writeEvidence = (value: Evidence): Uint8Array => write(evidence, value, "evidence");

/** Refuses anything but the one encoding of evidence, with `bad-evidence-format`. The bodies in it are not read yet. */
export const readEvidence = (given: Uint8Array): Evidence => read(evidence, given, MOST_EVIDENCE_BYTES, "evidence");

/** What the key of a node without a TPM signs, so that its report is not taken for the key's presence: it names the public half alone. */
export function keyStatement(qualifying: Uint8Array): Uint8Array {
  return concatBytes(utf8ToBytes("isoline machine evidence 1"), qualifying);
}

/** What the quote and every certificate of a register must carry as qualifying data. */
export function qualifyingData(challenge: Uint8Array, node: Uint8Array, root: Uint8Array): Uint8Array {
  return digestOf("evidence", challenge, nodeDigest(node), root);
}

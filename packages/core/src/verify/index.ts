/**
 * Verifying contours without Node: in a browser, or wherever else WebCrypto is. Nothing here reaches for `node:` modules.
 */
import type { Digest } from "../digest.ts";
import { toHex } from "./bytes.ts";
import { sha256 } from "./sha256.ts";
import { type Signed, type SignedBy, signerOf } from "./signer.ts";
import { type Summary, summaryOf } from "./summary.ts";

/** @internal */
export { type Envelope, parseEnvelope, preAuthenticated } from "./envelope.ts";
export type { TrustedKey } from "./key.ts";
/** @internal */
export { verifierOf } from "./key.ts";
/** @internal */
export { sidesOfPath } from "./merkle-path.ts";
/** @internal */
export { policyLines } from "./policy-lines.ts";
export type { SignedBy } from "./signer.ts";
/** @internal */
export { signerOf } from "./signer.ts";
/** @internal */
export { IMAGE, readStatement, STATEMENT, type Statement, writeStatement } from "./statement.ts";
/** @internal */
export { statesOf, stateUnder } from "./summary.ts";
export type { Summary } from "./summary.ts";

/** What is sure of a contour. */
export interface Assurance extends Summary {
  /** SHA-256 of the file, which is what a signature is for. */
  readonly digest: Digest;
  /** The key that signed it, and digests of the images that it is for; undefined where no signature was given. */
  readonly signed: Signed | undefined;
}

/**
 * Verifies a contour file: that it is whole and of the form that it must have, and, where that is asked for, that it is signed by a
 * trusted key. Its state and measurement are computed from the points that it names. Throws an `IsolineError`: `bad-contour`,
 * `unsigned` or `bad-signing-key`.
 *
 * @example
 * import { Contour, iso1, writeContour } from "@isoline/core";
 * import { verifyContour } from "@isoline/core/verify";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * const text = [...writeContour(empty)].join("");
 * const { points, state } = await verifyContour(text);
 * console.log(points, state === empty.state());
 * await verifyContour(text.replace("end\n", "")).catch((fault) => console.log(fault.code));
 * // prints: 0 true
 * // prints: bad-contour
 */
export async function verifyContour(contour: Uint8Array | string, signedBy?: SignedBy): Promise<Assurance> {
  const bytes = bytesOf(contour);
  const summary = summaryOf(bytes);
  const digest = toHex(sha256(bytes)) as Digest;
  return { ...summary, digest, signed: signedBy && (await signerOf(digest, signedBy)) };
}

function bytesOf(given: Uint8Array | string): Uint8Array {
  return typeof given === "string" ? new TextEncoder().encode(given) : given;
}

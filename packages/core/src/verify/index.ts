/**
 * Verifying contours without Node: in a browser, or wherever else WebCrypto is. Nothing here reaches for `node:` modules.
 */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { toHex } from "./bytes.ts";
import { parseEnvelope, preAuthenticated } from "./envelope.ts";
import { type TrustedKey, verifierOf } from "./key.ts";
import { sha256 } from "./sha256.ts";
import { readStatement, STATEMENT, type Statement } from "./statement.ts";
import { type Summary, summaryOf } from "./summary.ts";

/** @internal */
export { type Envelope, parseEnvelope, preAuthenticated } from "./envelope.ts";
export type { TrustedKey } from "./key.ts";
/** @internal */
export { policyLines } from "./policy-lines.ts";
/** @internal */
export { IMAGE, readStatement, STATEMENT, type Statement, writeStatement } from "./statement.ts";
export type { Summary } from "./summary.ts";

/** What is sure of a contour. */
export interface Assurance extends Summary {
  /** SHA-256 of the file, which is what a signature is for. */
  readonly digest: Digest;
  /** The key that signed it, and digests of the images that it is for; undefined where no signature was given. */
  readonly signed: { readonly key: string; readonly images: readonly string[] } | undefined;
}

/** The signature that a contour must have. */
export interface SignedBy {
  /** The signature beside it (`FILE.sig`). */
  readonly signature: Uint8Array | string;
  /** One of these must have made it. */
  readonly keys: readonly TrustedKey[];
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

async function signerOf(digest: Digest, { signature, keys }: SignedBy): Promise<Assurance["signed"]> {
  const envelope = parseEnvelope(bytesOf(signature));
  if (envelope === undefined || envelope.payloadType !== STATEMENT)
    throw unsigned("expected the signature of a contour (DSSE), found something else; sign it again");
  const signed = preAuthenticated(envelope.payloadType, envelope.payload);
  const key = await firstOf(keys, async (each) => {
    const verifies = await verifierOf(each);
    return (await Promise.all(envelope.signatures.map((one) => verifies(one, signed)))).includes(true);
  });
  if (key === undefined) {
    const names = keys.map(({ name }) => name).join(", ");
    throw unsigned(`expected a signature by one of ${names}, found none of theirs, or an altered one`);
  }
  const statement: Statement | undefined = readStatement(envelope.payload);
  if (statement === undefined) throw unsigned("expected a statement about a contour, found one about something else");
  if (statement.digest !== digest)
    throw unsigned(`expected the contour with the digest ${statement.digest}, as its signature says, found ${digest}`);
  return { key: key.name, images: statement.images };
}

async function firstOf<T>(all: readonly T[], fits: (one: T) => Promise<boolean>): Promise<T | undefined> {
  for (const one of all) if (await fits(one)) return one;
  return undefined;
}

function bytesOf(given: Uint8Array | string): Uint8Array {
  return typeof given === "string" ? new TextEncoder().encode(given) : given;
}

function unsigned(message: string): IsolineError {
  return new IsolineError("unsigned", message);
}

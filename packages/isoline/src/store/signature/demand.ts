/** Signed contours: makes the signature beside a contour, and verifies it. */
import { basename } from "node:path";
import type { KeyObject } from "node:crypto";
import type { Digest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { parseEnvelope, readStatement, STATEMENT, type Statement, writeStatement } from "@isoline/core/verify";
import { readBounded, Unfit } from "../bounded-file.ts";
import { MOST_SIGNATURE, SIGNATURE_SUFFIX } from "./beside.ts";
import { isSignedBy, signEnvelope } from "./envelope.ts";
import { publicKey, type TrustedKey } from "./keys.ts";

/** What must hold for a contour before anything runs under it. */
export interface SignatureDemand {
  readonly keys: readonly TrustedKey[];
  readonly image: {
    /** Digests of the image; none without an image. */
    readonly digests: readonly string[];
    /** Whether the signature must name the image: if a party other than the host's owner stored the contour beside it. */
    readonly named: boolean;
  };
}

export interface Vouched extends Statement {
  /** The key that signed it. */
  readonly key: string;
}

export function signaturePath(contour: string): string {
  return `${contour}${SIGNATURE_SUFFIX}`;
}

export function signatureOf(contour: string, statement: Statement, key: KeyObject): string {
  return signEnvelope(STATEMENT, writeStatement(basename(contour), statement), key);
}

/**
 * The statement in the signature beside a contour, if one of the keys signed it. Whether it is about this contour is still to
 * be checked.
 */
export function vouchedFor(contour: string, keys: readonly TrustedKey[]): Vouched {
  const path = signaturePath(contour);
  const bytes = readBounded(path, MOST_SIGNATURE, "refuse");
  if (bytes instanceof Unfit)
    throw unsigned(
      `${contour}: expected a signature by ${namesOf(keys)} at ${path}, found ${bytes.found}; sign it with isoline sign`,
    );
  return vouchedIn(bytes, path, keys);
}

export function vouchedIn(bytes: Buffer, path: string, keys: readonly TrustedKey[]): Vouched {
  const envelope = parseEnvelope(bytes);
  if (envelope === undefined || envelope.payloadType !== STATEMENT)
    throw unsigned(`${path}: expected the signature of a contour (DSSE), found something else; sign it again`);
  const key = keys.find((each) => isSignedBy(envelope, publicKey(each)));
  if (key === undefined)
    throw unsigned(
      `${path}: expected a signature by ${namesOf(keys)}, found none of theirs, or an altered one; sign it with one of these keys`,
    );
  const statement = readStatement(envelope.payload);
  if (statement === undefined)
    throw unsigned(
      `${path}: expected a statement about a contour, found one about something else; sign the contour again`,
    );
  return { ...statement, key: key.name };
}

/** A signature for one image is not valid for another. */
export function assertForImage(contour: string, { images }: Statement, image: SignatureDemand["image"]): void {
  if (images.length === 0) {
    if (!image.named) return;
    throw unsigned(
      `${contour}: expected a signature for the image ${image.digests[0] ?? ""}, found one for any: sign with --image, since any user who may push could attach it to another image`,
    );
  }
  if (images.some((each) => image.digests.includes(each))) return;
  throw unsigned(
    `${contour}: expected a signature for ${image.digests[0] ?? "no image"}, found one for ${images[0]}: it is for another image`,
  );
}

/** A signature is valid for the exact bytes of one contour. */
export function assertSame(contour: string, { digest }: Statement, found: Digest): void {
  if (digest !== found)
    throw unsigned(
      `${contour}: expected the contour with the digest ${digest}, as its signature says, found ${found}: the signature is another contour's, or this one was altered`,
    );
}

function namesOf(keys: readonly TrustedKey[]): string {
  return keys.length === 1 ? (keys[0]?.name ?? "") : `one of ${keys.map(({ name }) => name).join(", ")}`;
}

function unsigned(message: string): IsolineError {
  return new IsolineError("unsigned", message);
}

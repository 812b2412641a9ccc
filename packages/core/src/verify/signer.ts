/** Who signed a contour. */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { parseEnvelope, preAuthenticated } from "./envelope.ts";
import { type TrustedKey, verifierOf } from "./key.ts";
import { readStatement, STATEMENT, type Statement } from "./statement.ts";

/** The key that signed a contour, and digests of the images that it is for. */
export interface Signed {
  readonly key: string;
  readonly images: readonly string[];
}

/** The signature that a contour must have. */
export interface SignedBy {
  /** The signature beside it (`FILE.sig`). */
  readonly signature: Uint8Array | string;
  /** One of these must have made it. */
  readonly keys: readonly TrustedKey[];
}

/**
 * Who signed the contour with this digest, where the digest is known and the file is not. Throws an `IsolineError`: `unsigned` or
 * `bad-signing-key`.
 */
export async function signerOf(digest: Digest, { signature, keys }: SignedBy): Promise<Signed> {
  if (keys.length === 0)
    throw unsigned("expected a signature by a trusted key, but no key is trusted; name one that may sign contours");
  const envelope = parseEnvelope(typeof signature === "string" ? new TextEncoder().encode(signature) : signature);
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

function unsigned(message: string): IsolineError {
  return new IsolineError("unsigned", message);
}

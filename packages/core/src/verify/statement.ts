/**
 * The statement that is signed for a contour: an in-toto Statement (in-toto/attestation, spec/v1/statement.md).
 *
 *   subject         one file, by the SHA-256 of its bytes; its name is for display
 *   predicateType   https://isoline.dev/contour/v1
 *   predicate       images: digests of images (manifest or configuration) for whose canisters it is valid; without any it
 *                   is valid for any use
 */
import type { Digest } from "../digest.ts";

export const STATEMENT = "application/vnd.in-toto+json";

export interface Statement {
  readonly digest: Digest;
  readonly images: readonly string[];
}

const TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE = "https://isoline.dev/contour/v1";
const MOST_IMAGES = 256;
export const IMAGE = /^sha256:[0-9a-f]{64}$/;

export function writeStatement(name: string, { digest, images }: Statement): Uint8Array {
  const subject = [{ name, digest: { sha256: digest } }];
  const statement = { _type: TYPE, subject, predicateType: PREDICATE, predicate: { images } };
  return new TextEncoder().encode(JSON.stringify(statement));
}

/** Undefined for a statement about something else. Only what was signed is given to it, but any key may sign anything. */
export function readStatement(payload: Uint8Array): Statement | undefined {
  try {
    const { _type, subject, predicateType, predicate } = JSON.parse(new TextDecoder().decode(payload)) as Record<
      string,
      unknown
    >;
    if (_type !== TYPE || predicateType !== PREDICATE || !Array.isArray(subject) || subject.length !== 1)
      return undefined;
    const { sha256 } = (subject[0] as { digest: { sha256: unknown } }).digest;
    const { images } = predicate as { images: unknown };
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    if (!Array.isArray(images) || images.length > MOST_IMAGES || !images.every(isImage)) return undefined;
    return { digest: sha256 as Digest, images };
  } catch {
    return undefined;
  }
}

function isImage(value: unknown): value is string {
  return typeof value === "string" && IMAGE.test(value);
}

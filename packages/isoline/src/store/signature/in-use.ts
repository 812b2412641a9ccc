/** The signature of the contour that a namespace runs under. The file beside the contour may be that of a newer contour by now. */
import { resolve } from "node:path";
import type { Digest } from "@isoline/core/digest";
// Not loaded late: a supervisor outlives an upgrade, which removes the code that it has not loaded.
import { parseEnvelope, readStatement, STATEMENT } from "@isoline/core/verify";
import { readBounded, Unfit } from "../bounded-file.ts";
import { SIGNATURE_SUFFIX } from "./beside.ts";

/** Bytes that evidence has room for: docs/attestation.md. */
export const MOST_ATTESTED_SIGNATURE = 2 ** 14;

interface InUse {
  readonly path: string;
  readonly digest: Digest;
}

export class SignatureInUse {
  #kept: Buffer | undefined;

  /** Reads the signature that the contour has as the namespace begins. */
  constructor(contour: string) {
    this.#kept = signatureBeside(contour);
  }

  /** The signature that names this digest: the one that is there now, or else the one that was there; undefined if neither does. */
  of(contour: InUse): Buffer | undefined {
    this.#kept = signatureThere(contour) ?? this.#kept;
    return this.#kept && names(this.#kept, contour.digest) ? this.#kept : undefined;
  }
}

/** The signature that is beside a contour now, if it names this digest. */
export function signatureThere({ path, digest }: InUse): Buffer | undefined {
  const there = signatureBeside(path);
  return there && names(there, digest) ? there : undefined;
}

function names(bytes: Buffer, digest: Digest): boolean {
  const envelope = parseEnvelope(bytes);
  return envelope?.payloadType === STATEMENT && readStatement(envelope.payload)?.digest === digest;
}

/** Others may write beside a contour: what is no file of a signature's size is none, and is not waited for. */
function signatureBeside(contour: string): Buffer | undefined {
  const bytes = readBounded(`${resolve(contour)}${SIGNATURE_SUFFIX}`, MOST_ATTESTED_SIGNATURE, "follow");
  return bytes instanceof Unfit || bytes.length === 0 ? undefined : bytes;
}

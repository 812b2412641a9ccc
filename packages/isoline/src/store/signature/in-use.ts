/** The signature of the contour that a namespace runs under. The file beside the contour may be that of a newer contour by now. */
import { resolve } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { readBounded, Unfit } from "../bounded-file.ts";
import { SIGNATURE_SUFFIX } from "./beside.ts";

/** Bytes that evidence has room for: docs/attestation.md. */
export const MOST_ATTESTED_SIGNATURE = 2 ** 14;

export class SignatureInUse {
  #kept: Buffer | undefined;

  /** Reads the signature that the contour has as the namespace begins. */
  constructor(contour: string) {
    this.#kept = signatureBeside(contour);
  }

  /** The signature that names this digest: the one that is there now, or else the one that was there; undefined if neither does. */
  async of({ path, digest }: { readonly path: string; readonly digest: Digest }): Promise<Buffer | undefined> {
    const there = [signatureBeside(path), this.#kept].filter((one) => one !== undefined);
    // Loaded late: a contour that was never signed needs none of it.
    if (there.length === 0) return undefined;
    const { parseEnvelope, readStatement, STATEMENT } = await import("@isoline/core/verify");
    const fitting = there.find((bytes) => {
      const envelope = parseEnvelope(bytes);
      return envelope?.payloadType === STATEMENT && readStatement(envelope.payload)?.digest === digest;
    });
    if (fitting !== undefined) this.#kept = fitting;
    return fitting;
  }
}

/** Others may write beside a contour: what is no file of a signature's size is none, and is not waited for. */
function signatureBeside(contour: string): Buffer | undefined {
  const bytes = readBounded(`${resolve(contour)}${SIGNATURE_SUFFIX}`, MOST_ATTESTED_SIGNATURE, "follow");
  return bytes instanceof Unfit || bytes.length === 0 ? undefined : bytes;
}

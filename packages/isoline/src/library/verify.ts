/** Whether a contour file is whole, and which key vouches for it. */
import type { AnyContour } from "@isoline/core/contour";
import { loadAnyContour, loadHashed } from "../store/contour-file.ts";
import { assertSame, type Vouched, vouchedFor } from "../store/signature/demand.ts";
import { readTrustedKey } from "../store/signature/keys.ts";

/** A contour that is whole. */
export interface Verified {
  readonly contour: AnyContour;
  /** The key that signed it, by its file, and digests of the images it is for; undefined where no key was asked for. */
  readonly signed: Pick<Vouched, "key" | "images"> | undefined;
}

/** What can be asked for beside wholeness. */
export interface VerifyOptions {
  /** Files of public keys in PEM. The signature beside the contour, `FILE.sig`, must be by one of them. */
  readonly trustedKeys?: readonly string[] | undefined;
}

/**
 * Reads a contour and computes every point again; with keys, its signature must be by one of them and for these very bytes.
 * Throws `bad-contour` or `unsigned`.
 *
 * @example
 * import { appendFileSync } from "node:fs";
 * import { learn, verify } from "isoline";
 *
 * await (await learn(["true"], { output: "true.contour" })).ended;
 * console.log((await verify("true.contour")).contour.size > 0);
 * appendFileSync("true.contour", "one more line\n");
 * await verify("true.contour").catch((fault) => console.log(fault.code));
 * // prints: true
 * // prints: bad-contour
 */
export async function verify(file: string, { trustedKeys }: VerifyOptions = {}): Promise<Verified> {
  if (trustedKeys === undefined) return { contour: await loadAnyContour(file), signed: undefined };
  const vouched = vouchedFor(file, trustedKeys.map(readTrustedKey));
  const { contour, digest } = await loadHashed(file);
  assertSame(file, vouched, digest);
  return { contour, signed: { key: vouched.key, images: vouched.images } };
}

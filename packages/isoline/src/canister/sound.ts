/** What must hold of a contour that came with an image before it is used. */
import { type AnyContour, parseContour } from "@isoline/core/contour";
import { sha256 } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { assertForImage, assertSame, signaturePath, vouchedIn } from "../store/signature/demand.ts";
import type { TrustedKey } from "../store/signature/keys.ts";
import type { Attached } from "./registry/contours.ts";

/** The contour, which is whole and, where keys are given, signed by one of them for this image. */
export function soundContour(image: string, attached: Attached, keys?: readonly TrustedKey[]): AnyContour {
  if (keys !== undefined) assertSigned(image, attached, keys);
  try {
    return parseContour(attached.contour);
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw new IsolineError(fault.code, `${image}: its contour: ${fault.message}`, { cause: fault });
  }
}

function assertSigned(image: string, { contour, signature, digests }: Attached, keys: readonly TrustedKey[]): void {
  if (signature === undefined)
    throw new IsolineError(
      "unsigned",
      `${image}: expected a signed contour, found one without a signature; have its publisher sign it and attach it again`,
    );
  const vouched = vouchedIn(signature, signaturePath(image), keys);
  assertForImage(image, vouched, { digests, named: true });
  assertSame(image, vouched, sha256(contour));
}

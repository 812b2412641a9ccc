/** The name of the lens of a contour. */
import type { AnyContour } from "@isoline/core/contour";
import type { Digest } from "@isoline/core/digest";
import { canonicalPolicy, lensDigest, lensNames, namedPolicy, type Policy, parsePolicy } from "@isoline/core/identity";

export interface LensName {
  /** Contours with equal values are comparable point by point. */
  readonly digest: Digest;
  /** `lens default`, `lens default, changed by a policy file`. */
  readonly text: string;
}

/** A contour of another profile has no lens; its policy is shown instead. */
export function lensOf(contour: AnyContour): LensName {
  if (contour.profile.name !== "iso1") return { digest: contour.policyDigest, text: "events as they were recorded" };
  const policy = parsePolicy(JSON.parse(contour.policy));
  return {
    digest: lensDigest(policy),
    text: `lens ${policy.lens}${isNamed(policy) ? "" : ", changed by a policy file"}`,
  };
}

function isNamed(policy: Policy): boolean {
  return lensNames.some((name) => canonicalPolicy(namedPolicy(name) as Policy) === canonicalPolicy(policy));
}

/** Which lens a contour was made under. */
import {
  type AnyContour,
  canonicalPolicy,
  type Digest,
  lensDigest,
  lensNames,
  namedPolicy,
  type Policy,
  parsePolicy,
} from "@isoline/core";

export interface LensName {
  /** Contours are comparable point by point where it is equal. */
  readonly digest: Digest;
  /** `lens default`, `lens default, changed by a policy file`. */
  readonly text: string;
}

/** A contour of another profile has no lens of ours: its policy stands for it. */
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

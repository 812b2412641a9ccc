/** The policy of a contour as the text of a JSON object. It is part of the contour and decides which contours it can be compared with. */
import { type Digest, sha256 } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { asciiText, isNestedDeeper, MOST_NESTED } from "../verify/policy-lines.ts";

/** Largest policy, in characters. Six times this, with each character escaped, still fits in a line. */
export const MAX_POLICY = 150_000;

/** Refuses, with `bad-policy`, a text that is not a JSON object in the spelling of `JSON.stringify`. */
export function assertPolicyText(text: string): void {
  if (text.length > MAX_POLICY) throw badPolicy(`it has ${text.length} characters, at most ${MAX_POLICY} are allowed`);
  if (isNestedDeeper(text, MOST_NESTED))
    throw badPolicy(`its lists and objects lie deeper in each other than ${MOST_NESTED}`);
  if (restorePolicy(text) !== text)
    throw badPolicy("it is not a JSON object without superfluous space, as JSON.stringify writes it");
}

/** The policy in a text; undefined if it is not JSON, not an object, or nested too deeply. */
export function restorePolicy(line: string): string | undefined {
  if (isNestedDeeper(line, MOST_NESTED)) return undefined;
  try {
    const policy: unknown = JSON.parse(line);
    return typeof policy === "object" && policy !== null && !Array.isArray(policy) ? JSON.stringify(policy) : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 of the policy, with every character outside ASCII as `\uXXXX`. */
export function policyDigest(text: string): Digest {
  return sha256(Buffer.from(asciiText(text), "ascii"));
}

function badPolicy(why: string): IsolineError {
  return new IsolineError("bad-policy", `the policy of a contour cannot be kept: ${why}`);
}

/** Reads the head of a contour file: profile, policy and the other values that decide about comparison. */
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { ProfileName } from "../profile/profile.ts";
import { isProfileName } from "../profile/profiles.ts";
import { PolicyLines } from "../verify/policy-lines.ts";
import type { Cursor, Section } from "./cursor.ts";
import { isLineText } from "./line-text.ts";
import { MAX_POLICY } from "./policy-text.ts";

export interface Header {
  readonly profile: ProfileName;
  readonly policy: string;
  readonly base: Digest;
  readonly aggregate: Digest;
  readonly incomplete: readonly string[];
}

/** The lines after the first, up to one that is not of the head. Their order says nothing, but for the elements of one list. */
export function* readHeader(cursor: Cursor, wanted: ProfileName | undefined): Section<Header> {
  while (cursor.line === "") yield;
  const profile = readProfile(cursor, wanted);
  yield;
  const policy = new PolicyLines();
  const digests = new Map<string, Digest>();
  const incomplete = new Set<string>();
  let length = 0;
  for (; ; yield) {
    if (cursor.startsWith("policy")) {
      length += cursor.line.length;
      if (length > 8 * MAX_POLICY) throw cursor.refusal(`a policy of at most ${MAX_POLICY} characters`, "a longer one");
      const expected = policy.take(cursor.after("policy"));
      if (expected !== undefined) throw cursor.refusal(expected);
    } else if (cursor.startsWith("base")) readOnce(cursor, "base", digests);
    else if (cursor.startsWith("aggregate")) readOnce(cursor, "aggregate", digests);
    else if (cursor.startsWith("incomplete")) incomplete.add(readReason(cursor));
    else if (cursor.line !== "") break;
  }
  const { policy: text } = policy;
  if (text.length > MAX_POLICY)
    throw cursor.refusal(`a policy of at most ${MAX_POLICY} characters above`, "a longer one");
  const [base = ZERO_DIGEST, aggregate = ZERO_DIGEST] = [digests.get("base"), digests.get("aggregate")];
  return { profile, policy: text, base, aggregate, incomplete: [...incomplete] };
}

export function readProfile(cursor: Cursor, wanted: ProfileName | undefined): ProfileName {
  const profile = cursor.after("profile");
  if (!isProfileName(profile)) throw cursor.refusal("profile iso1, quixote or iso2017");
  if (wanted !== undefined && profile !== wanted) {
    throw new IsolineError(
      "bad-contour",
      `contour file, line ${cursor.number}: expected a contour of profile ${wanted}, got ${profile}; points of different profiles cannot be compared, so learn one of ${wanted}`,
    );
  }
  return profile;
}

function readOnce(cursor: Cursor, word: string, digests: Map<string, Digest>): void {
  const digest = cursor.digestAfter(word);
  if ((digests.get(word) ?? digest) !== digest) throw cursor.refusal(`one ${word}, not two`);
  digests.set(word, digest);
}

function readReason(cursor: Cursor): string {
  const reason = cursor.after("incomplete");
  if (!isLineText(reason)) throw cursor.refusal("escaped text after the word");
  return reason;
}

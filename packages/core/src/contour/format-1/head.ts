/** Reads the head of a contour file of format 1, which isoline wrote before its first release. */
import { type Digest, sha256 } from "../../digest.ts";
import type { ProfileName } from "../../profile/profile.ts";
import { asciiText } from "../../verify/policy-lines.ts";
import type { Cursor, Section } from "../cursor.ts";
import { isLineText } from "../line-text.ts";
import { restorePolicy } from "../policy-text.ts";
import { type Header, readProfile } from "../read-header.ts";

export interface FirstHeader extends Header {
  readonly runs: number;
}

export function* readFirstHeader(cursor: Cursor, wanted: ProfileName | undefined): Section<FirstHeader> {
  const profile = readProfile(cursor, wanted);
  yield;
  const digest = cursor.digestAfter("policy-digest");
  yield;
  const policy = readPolicy(cursor, digest);
  yield;
  const base = cursor.digestAfter("base");
  yield;
  const aggregate = cursor.digestAfter("aggregate");
  yield;
  const runs = cursor.numberAfter("runs", 0xffff_ffff);
  if (runs === 0) throw cursor.refusal("at least one run");
  yield;
  const incomplete = yield* readCounted(cursor, "incomplete");
  return { profile, policy, base, aggregate, runs, incomplete };
}

/** Lines `word count name`. Returns the names. */
export function* readCounted(cursor: Cursor, word: string): Section<readonly string[]> {
  const names: string[] = [];
  for (; cursor.startsWith(word); yield) {
    const rest = cursor.after(word);
    const space = rest.indexOf(" ");
    cursor.parseNumber(rest.slice(0, Math.max(space, 0)), Number.MAX_SAFE_INTEGER);
    const name = rest.slice(space + 1);
    if (!isLineText(name)) throw cursor.refusal("escaped text after the number");
    names.push(name);
  }
  return names;
}

/** The policy in the form of today, in which a list that is empty is left out. */
function readPolicy(cursor: Cursor, digest: Digest): string {
  const line = cursor.after("policy");
  const policy = restorePolicy(line);
  if (policy === undefined || asciiText(policy) !== line)
    throw cursor.refusal("the policy as one line of canonical JSON");
  if (sha256(Buffer.from(line, "ascii")) !== digest)
    throw cursor.refusal(`a policy whose digest is ${digest}`, sha256(Buffer.from(line, "ascii")));
  const members = Object.entries(JSON.parse(policy) as Record<string, unknown>);
  return JSON.stringify(
    Object.fromEntries(members.filter(([, value]) => !(Array.isArray(value) && value.length === 0))),
  );
}

/** Reads the head of a contour file: profile, policy and the other values that decide about comparison. */
import { type Digest, sha256 } from "../digest.ts";
import { IsolineError } from "../error.ts";
import type { ProfileName } from "../profile/profile.ts";
import { isProfileName } from "../profile/profiles.ts";
import type { Incompleteness } from "./contour.ts";
import type { Cursor, Section } from "./cursor.ts";
import { FORMAT_LINE } from "./file-layout.ts";
import { compareText, isLineText } from "./line-text.ts";
import { policyLine, restorePolicy } from "./policy-text.ts";

export interface Header {
  readonly profile: ProfileName;
  readonly policy: string;
  readonly base: Digest;
  readonly aggregate: Digest;
  readonly runs: number;
  readonly incomplete: readonly Incompleteness[];
}

export function* readHeader(cursor: Cursor, wanted: ProfileName | undefined): Section<Header> {
  assertFormat(cursor);
  yield;
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
  return {
    profile,
    policy,
    base,
    aggregate,
    runs,
    incomplete: incomplete.map(({ name, count }) => ({ reason: name, count })),
  };
}

/** Lines `word count name`, in ascending order of the name. */
export function* readCounted(
  cursor: Cursor,
  word: string,
): Section<readonly { readonly name: string; readonly count: number }[]> {
  const entries: { name: string; count: number }[] = [];
  for (; cursor.startsWith(word); yield) {
    const rest = cursor.after(word);
    const space = rest.indexOf(" ");
    const count = cursor.parseNumber(rest.slice(0, Math.max(space, 0)), Number.MAX_SAFE_INTEGER);
    const name = rest.slice(space + 1);
    if (!isLineText(name)) throw cursor.refusal("escaped text after the number");
    const last = entries.at(-1);
    if (last && compareText(last.name, name) >= 0)
      throw cursor.refusal(`"${word}" lines in ascending order, each once`);
    entries.push({ name, count });
  }
  return entries;
}

function assertFormat(cursor: Cursor): void {
  cursor.isContour = cursor.line.startsWith("isoline contour");
  if (cursor.line === FORMAT_LINE) return;
  if (cursor.line.endsWith("\r")) {
    throw cursor.refusal(
      "lines that end in a newline alone",
      "a carriage return before it (was the file checked out with autocrlf?)",
    );
  }
  if (cursor.startsWith("isoline contour")) {
    throw new IsolineError(
      "bad-contour",
      `contour file, line 1: expected version 1, got ${JSON.stringify(cursor.after("isoline contour").slice(0, 20))}; use the isoline that wrote the file, or learn it again`,
    );
  }
  throw cursor.refusal(JSON.stringify(FORMAT_LINE));
}

function readProfile(cursor: Cursor, wanted: ProfileName | undefined): ProfileName {
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

function readPolicy(cursor: Cursor, digest: Digest): string {
  const line = cursor.after("policy");
  const policy = restorePolicy(line);
  if (policy === undefined || policyLine(policy) !== line)
    throw cursor.refusal("the policy as one line of canonical JSON");
  if (sha256(Buffer.from(line, "ascii")) !== digest)
    throw cursor.refusal(`a policy whose digest is ${digest}`, sha256(Buffer.from(line, "ascii")));
  return policy;
}

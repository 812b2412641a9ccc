/**
 * Checks a contour file against itself: its last line is the digest of everything before it, and state and measurement are
 * those of its points (docs/spec/iso1.md, "Measurement and state"). The points are not recomputed from their events: only
 * `isoline verify` does that.
 */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { concatenated, fromHex, toHex } from "./bytes.ts";
import { sha256 } from "./sha256.ts";

/** A contour in a few digests. */
export interface Summary {
  readonly profile: string;
  /** Digest of the policy that it was made under. */
  readonly policy: Digest;
  readonly points: number;
  /** Equal for equal behaviour. */
  readonly state: Digest;
  readonly measurement: Digest;
}

const LAST_LINE = /(?:^|\n)sha256 ([0-9a-f]{64})\n$/;
const POINT = /^ {2}\S.* ([0-9a-f]{64})$/;
const DIGEST = /^[0-9a-f]{64}$/;
const LAST_LINE_LENGTH = 72;

/** Throws `bad-contour` if anything does not match. */
export function summaryOf(bytes: Uint8Array): Summary {
  const text = decoded(bytes);
  const [, last = ""] = LAST_LINE.exec(text) ?? [];
  if (!text.startsWith("isoline contour 1\n") || last === "") throw refusal("a contour file", "something else");
  const whole = toHex(sha256(bytes.subarray(0, bytes.length - LAST_LINE_LENGTH)));
  if (whole !== last) throw refusal(`a file whose digest is ${last}, as its last line says`, whole);
  const lines = text.split("\n");
  const value = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? "";
  const digest = (word: string) => {
    if (!DIGEST.test(value(word))) throw refusal(`a line "${word}" with a digest`, value(word));
    return value(word) as Digest;
  };
  const provenance = lines.indexOf("provenance");
  const points = lines.slice(0, provenance).flatMap((line) => POINT.exec(line)?.[1] ?? []);
  const counted = Number(lines.findLast((line) => line.startsWith("points "))?.slice("points ".length));
  if (provenance < 0 || counted !== points.length) throw refusal(`${counted} points`, String(points.length));
  const extended = (order: readonly string[]) => extension(digest("base"), digest("aggregate"), order);
  const state = digest("state");
  const measurement = digest("measurement");
  const found = {
    state: extended([...points].sort()),
    measurement: extended(inOrder(points, lines.slice(provenance))),
  };
  if (found.state !== state) throw refusal(`points whose state is ${state}`, found.state);
  if (found.measurement !== measurement) throw refusal(`points whose measurement is ${measurement}`, found.measurement);
  return { profile: value("profile"), policy: digest("policy-digest"), points: points.length, state, measurement };
}

/** The points in the order in which they first happened: the third number of each entry of the provenance. */
function inOrder(points: readonly string[], lines: readonly string[]): string[] {
  const places = lines.filter((line) => line.startsWith("  ")).flatMap((line) => line.trim().split(" "));
  const ordered: string[] = points.map(() => "");
  for (const [index, entry] of places.entries()) {
    const place = Number(entry.split(":")[2]);
    if (ordered[place] !== "") throw refusal("a place of its own for each point", entry);
    ordered[place] = points[index] ?? "";
  }
  if (ordered.includes("")) throw refusal("a place for each point", `${places.length}`);
  return ordered;
}

/** H( value ‖ H( base ‖ point ) ) over the points, from H( zeros ‖ H( base ‖ aggregate ) ) on. */
function extension(base: string, aggregate: string, points: readonly string[]): string {
  const prefix = fromHex(base);
  let value = new Uint8Array(32);
  for (const point of [aggregate, ...points])
    value = sha256(concatenated(value, sha256(concatenated(prefix, fromHex(point)))));
  return toHex(value);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refusal("UTF-8", "other bytes");
  }
}

function refusal(expected: string, got: string): IsolineError {
  return new IsolineError(
    "bad-contour",
    `contour file: expected ${expected}, got ${JSON.stringify(got.slice(0, 80))}; the file is damaged or was changed by hand: restore it, or learn it again`,
  );
}

/**
 * A contour file in a few digests: its form is checked, and state and measurement are computed from its points (docs/spec/iso1.md,
 * "Measurement and state"). The points are not recomputed from their events: only `isoline verify` does that.
 */
import type { Digest } from "../digest.ts";
import { IsolineError } from "../error.ts";
import { fromHex, toHex } from "./bytes.ts";
import { asciiText, PolicyLines } from "./policy-lines.ts";
import { sha256 } from "./sha256.ts";

/** A contour in a few digests. */
export interface Summary {
  readonly profile: string;
  /** Digest of the policy that it was made under. */
  readonly policy: Digest;
  readonly points: number;
  /** Equal for equal behaviour. */
  readonly state: Digest;
  /** Over the points in the order of their lines. */
  readonly measurement: Digest;
}

const FIRST_LINE = "isoline contour 2";
const POINT = /^ {2}\S.* ([0-9a-f]{64})$/;
const ZEROS = "0".repeat(64);
const DIGEST = 32;

/** Throws `bad-contour` for a file that is cut off, of another format, or has a line that no contour has. */
export function summaryOf(bytes: Uint8Array): Summary {
  return linesOf(bytes).summary();
}

/**
 * The state of a contour file's points under another base and aggregate, 64 hexadecimal digits each; zeros without them. A node binds
 * the state to its hardware and to a verifier's challenge so. Throws `bad-contour` as `summaryOf` does.
 *
 * @internal
 */
export function stateUnder(contour: Uint8Array, under: Under): Digest {
  return statesOf(contour)(under);
}

/**
 * The same for a contour whose state is asked for under one base after another: its lines are read once. What is returned keeps 32 bytes
 * for each point. `hash` is SHA-256; the one of a platform is faster than the one here, which runs anywhere.
 *
 * @internal
 */
export function statesOf(contour: Uint8Array, hash: Sha256 = sha256): (under: Under) => Digest {
  const points = linesOf(contour).sorted.map(fromHex);
  return ({ base = ZEROS, aggregate = ZEROS }) => extension(base, aggregate, points, hash) as Digest;
}

type Sha256 = (bytes: Uint8Array) => Uint8Array;

interface Under {
  readonly base?: Digest;
  readonly aggregate?: Digest;
}

function linesOf(bytes: Uint8Array): Lines {
  const lines = decoded(bytes).split("\n");
  const [first, ...rest] = lines;
  if (first !== FIRST_LINE) throw refusal(`a first line ${JSON.stringify(FIRST_LINE)}`, first ?? "");
  if (rest.pop() !== "" || rest.pop() !== "end") throw refusal('"end" as the last line', lines.at(-2) ?? "");
  const found = new Lines();
  for (const line of rest) found.take(line);
  return found;
}

class Lines {
  readonly #policy = new PolicyLines();
  readonly #values = new Map<string, string>();
  readonly #points = new Set<string>();

  take(line: string): void {
    const word = line.slice(0, Math.max(line.indexOf(" "), 0));
    const rest = line.slice(word.length + 1);
    switch (word) {
      case "policy": {
        const expected = this.#policy.take(rest);
        if (expected !== undefined) throw refusal(expected, line);
        return;
      }
      case "profile":
      case "base":
      case "aggregate":
        if ((this.#values.get(word) ?? rest) !== rest) throw refusal(`one ${word}`, line);
        this.#values.set(word, rest);
        return;
      case "incomplete":
      case "task":
      case "credentials":
      case "by":
        return;
    }
    const [, point] = POINT.exec(line) ?? [];
    if (point === undefined && line !== "") throw refusal("a line of a contour", line);
    if (point !== undefined) this.#points.add(point);
  }

  summary(): Summary {
    const [base, aggregate] = [this.#digest("base"), this.#digest("aggregate")];
    const points = Array.from(this.#points, fromHex);
    const profile = this.#values.get("profile");
    if (profile === undefined) throw refusal('a line that begins with "profile "', "none");
    return {
      profile,
      policy: toHex(sha256(new TextEncoder().encode(asciiText(this.#policy.policy)))) as Digest,
      points: points.length,
      state: extension(base, aggregate, this.sorted.map(fromHex)) as Digest,
      measurement: extension(base, aggregate, points) as Digest,
    };
  }

  /** The points, ascending. */
  get sorted(): readonly string[] {
    return [...this.#points].sort();
  }

  /** The digest of a line; zeros without one. */
  #digest(word: string): string {
    const digest = this.#values.get(word) ?? ZEROS;
    if (!/^[0-9a-f]{64}$/.test(digest)) throw refusal(`a line "${word}" with a digest`, digest);
    return digest;
  }
}

/** H( value ‖ H( base ‖ point ) ) over the points, from H( zeros ‖ H( base ‖ aggregate ) ) on. */
function extension(base: string, aggregate: string, points: readonly Uint8Array[], hash: Sha256 = sha256): string {
  for (const digest of [base, aggregate])
    if (digest.length !== 2 * DIGEST) throw refusal("a base and an aggregate of 64 digits", digest);
  // Each pair is one digest behind another, and two buffers do for all of them.
  const [based, extended] = [new Uint8Array(2 * DIGEST), new Uint8Array(2 * DIGEST)];
  based.set(fromHex(base));
  for (const point of [fromHex(aggregate), ...points]) {
    based.set(point, DIGEST);
    extended.set(hash(based), DIGEST);
    extended.set(hash(extended));
  }
  return toHex(extended.subarray(0, DIGEST));
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

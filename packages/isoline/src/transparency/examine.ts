/** Examines a copy of a log for what a fleet should not state. Which findings were said is kept beside the copy. */
import { createHash } from "node:crypto";
import { type Finding, FleetMonitor } from "@isoline/log/monitor";
import { entriesAt, TILE_WIDTH } from "@isoline/log/tiles";
import type { LogStore } from "@isoline/log/writer";
import { CliError } from "../error.ts";
import type { ReviewedContours } from "./review.ts";

/**
 * The digests of the findings that were said, one a line. A number of entries would not do: with other reviewers, contours or watches the
 * same entries show what was never said.
 */
const SAID = "said";
/** How many entries an isoline examined that did not yet keep which findings it said. */
const EXAMINED = "examined";
const DIGEST_DIGITS = 32;

export interface Examined {
  /** What was not said yet, and what is missing now. */
  readonly findings: readonly Finding[];
  /** How many there are that were said before. */
  readonly earlier: number;
  /**
   * How many of the findings are in entries that an earlier isoline examined, which kept no findings: they may have been said before, or
   * be what it did not look for, so they are among `findings`.
   */
  readonly perhapsSaid: number;
  /** To be called once the findings were said: what was not said is said again. */
  readonly remember: () => void;
}

export interface Examining {
  /** The first so many entries are examined. */
  readonly size: number;
  /** Whether these are all that the log shows: what is missing in a part may be in the others. */
  readonly isWhole: boolean;
  /** Those are said again that were said before. */
  readonly all: boolean;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/** Examines what a copy has. */
export function examine(store: LogStore, review: ReviewedContours, { size, isWhole, all, now }: Examining): Examined {
  const said = saidIn(store);
  // A signature may stand behind the contour that it is for.
  for (const [, bytes] of entriesOf(store, size)) review.sees(bytes);
  const monitor = new FleetMonitor(review, now);
  const found: Finding[] = [];
  for (const [entry, bytes] of entriesOf(store, size)) found.push(...monitor.see(entry, bytes));
  const fresh = all ? found : found.filter((finding) => !said.has(digestOf(finding)));
  const overdue = isWhole ? monitor.overdue() : [];
  const examined = store.read(SAID) === undefined ? examinedIn(store) : 0;
  const perhapsSaid = all ? 0 : fresh.filter(({ entry }) => entry < examined).length;
  const remember = () => {
    const lines = [...new Set([...said, ...found.map(digestOf)])].sort().map((digest) => `${digest}\n`);
    store.write(SAID, Buffer.from(lines.join("")));
    store.settle();
  };
  return { findings: [...fresh, ...overdue], earlier: found.length - fresh.length, perhapsSaid, remember };
}

const digestOf = ({ kind, entry, why }: Finding): string =>
  createHash("sha256")
    .update(JSON.stringify([kind, entry, why]))
    .digest("hex")
    .slice(0, DIGEST_DIGITS);

function saidIn(store: LogStore): ReadonlySet<string> {
  const text = Buffer.from(store.read(SAID) ?? []).toString("latin1");
  const digests = text.split("\n");
  if (digests.pop() === "" && digests.every((digest) => /^[0-9a-f]{32}$/.test(digest))) return new Set(digests);
  throw new CliError(
    "cannot-read",
    "the file said of the copy: expected digests of findings, got other bytes; remove the file, and all findings are said again",
  );
}

/** 0 where no earlier isoline examined the copy. */
function examinedIn(store: LogStore): number {
  const text = Buffer.from(store.read(EXAMINED) ?? []).toString("latin1");
  return /^\d{1,15}\n$/.test(text) ? Number(text) : 0;
}

function* entriesOf(store: LogStore, size: number): Generator<readonly [number, Uint8Array]> {
  for (let place = 0; place * TILE_WIDTH < size; place++) {
    const bundle = entriesAt(store.read, size, place);
    for (const [at, bytes] of bundle.entries()) yield [place * TILE_WIDTH + at, bytes];
  }
}

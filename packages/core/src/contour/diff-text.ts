/** Prints the difference between two contours: changed files first, then the acts of only one of them. */
import type { Digest } from "../digest.ts";
import { actingUsers } from "./acting-user.ts";
import type { ContourDiff, LonePoint, RuleLine } from "./diff.ts";
import { type Phase, phaseOfPath, phases } from "./phase.ts";

const titles: Readonly<Record<Phase, string>> = { runtime: "runtime set-up", workload: "workload" };

/**
 * Lines without newlines; none for equal contours. For canisters, acts of the workload come first and acts of the runtime apart.
 *
 * @example
 * import { Contour, diffContours, formatDiff, iso1 } from "@isoline/core";
 *
 * const empty = Contour.create({ profile: iso1, policy: "{}" });
 * console.log([...formatDiff(diffContours(empty, empty))].length);
 * // prints: 0
 */
export function formatDiff(diff: ContourDiff, rankOf: RankOf = () => 0): string[] {
  const { carriedIn, rules = { onlyA: [], onlyB: [] } } = diff;
  const ruled = [
    ...rules.onlyA.map((rule) => `- ${ruleText(rule)}`),
    ...rules.onlyB.map((rule) => `+ ${ruleText(rule)}`),
  ];
  return [...ruled, ...(carriedIn === undefined ? part(diff, diff.carried, rankOf) : byPhase(diff, carriedIn, rankOf))];
}

/**
 * `rule $CWD/up/{photo-<n>}.jpg: create, open; a number  (18 acts); 6 of 6 runs …`: what the rule takes, and then the words of its
 * author.
 */
export function ruleText({ at, by, of, names, but, replaces, accepts, because }: RuleLine): string {
  const who = by.length === 0 ? "" : ` for ${by.join(", ")}`;
  const which = names === undefined ? "" : ` one of ${names.join(", ")}`;
  const except = but === undefined ? "" : ` but not ${but.join(", ")}`;
  return `rule ${at}${who}: ${of.join(", ")}${which}${except}; ${accepts}${acts(replaces)}; ${because}`;
}

function byPhase(diff: ContourDiff, carriedIn: Readonly<Record<Phase, number>>, rankOf: RankOf): string[] {
  return phases.toReversed().flatMap((phase) => {
    const own = ofPhase(diff, phase);
    const lines = part(own, carriedIn[phase], rankOf);
    return lines.length === 0 ? [] : [`${titles[phase]}:`, ...lines];
  });
}

/** The order of acts: those with a smaller number come first, and a program stands where its first act does. */
type RankOf = (act: string) => number;

type Changes = Pick<ContourDiff, "redigested" | "renamed" | "onlyA" | "onlyB">;

function ofPhase({ redigested, renamed, onlyA, onlyB }: ContourDiff, phase: Phase): Changes {
  return {
    redigested: redigested.filter(({ path }) => phaseOfPath(path) === phase),
    renamed: renamed.filter(({ from }) => phaseOfPath(from) === phase),
    onlyA: onlyA.filter((point) => point.phase === phase),
    onlyB: onlyB.filter((point) => point.phase === phase),
  };
}

function part({ redigested, renamed, onlyA, onlyB }: Changes, carried: number, rankOf: RankOf): string[] {
  const ambiguous = saidTwice([...onlyA, ...onlyB]);
  const userOf = actingUsers([...onlyA, ...onlyB]);
  return [
    ...redigested.map(({ path, from, to, points }) => `content  ${path}  ${short(from)} → ${short(to)}${acts(points)}`),
    ...renamed.map(({ from, to, points }) => `renamed  ${from} → ${to}${acts(points)}`),
    ...(carried > 0
      ? [`carried  ${carried} ${carried === 1 ? "act" : "acts"} of programs whose identity changed`]
      : []),
    ...lone("-", gravestFirst(onlyA, rankOf), ambiguous, userOf),
    ...lone("+", gravestFirst(onlyB, rankOf), ambiguous, userOf),
  ];
}

/** If one sentence describes several acts, each gets the attributes that the sentence leaves out. */
function saidTwice(points: readonly LonePoint[]): ReadonlySet<string> {
  const said = new Map<string, string>();
  const twice = new Set<string>();
  for (const { says, act } of points) {
    if (says === undefined) continue;
    if ((said.get(says) ?? act) !== act) twice.add(says);
    said.set(says, act);
  }
  return twice;
}

/** Programs by their gravest act, and the acts of each in the same order; equal ones stay as they are. */
function gravestFirst(points: readonly LonePoint[], rankOf: RankOf): LonePoint[] {
  const programs = new Map<string, { rank: number; points: { rank: number; point: LonePoint }[] }>();
  for (const point of points) {
    const key = whoOf(point);
    const rank = rankOf(point.act);
    const known = programs.get(key) ?? { rank, points: [] };
    known.rank = Math.min(known.rank, rank);
    known.points.push({ rank, point });
    programs.set(key, known);
  }
  return [...programs.values()]
    .toSorted((one, other) => one.rank - other.rank)
    .flatMap((program) => program.points.toSorted((one, other) => one.rank - other.rank).map(({ point }) => point));
}

const whoOf = ({ chain, credentials }: LonePoint) => `${chain.join("\n")} ${credentials}`;

/** A heading for each program and its user, the acts below it. */
function lone(
  sign: string,
  points: readonly LonePoint[],
  ambiguous: ReadonlySet<string>,
  userOf: (point: LonePoint) => string,
): string[] {
  const lines: string[] = [];
  let last = "";
  for (const point of points) {
    const { chain, act, says } = point;
    const heading = `${chain.join(" → ") || "before the first program"} (${userOf(point)})`;
    if (heading !== last) lines.push(`${sign} ${heading}`);
    last = heading;
    lines.push(`${sign}   ${says === undefined || ambiguous.has(says) ? act : says}`);
  }
  return lines;
}

const acts = (count: number) => (count === 0 ? "" : count === 1 ? "  (1 act)" : `  (${count} acts)`);
const short = (digest: Digest | undefined) => digest?.slice(0, 12) ?? "unreadable";

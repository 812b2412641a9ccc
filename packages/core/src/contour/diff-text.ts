/** A difference between contours for people: changed files first, then what only one of them does. */
import type { Digest } from "../digest.ts";
import type { ContourDiff, LonePoint } from "./diff.ts";

/** Lines without newlines; none for equal contours. */
export function formatDiff(diff: ContourDiff): string[] {
  return [
    ...diff.redigested.map(
      ({ path, from, to, points }) => `content  ${path}  ${short(from)} → ${short(to)}${acts(points)}`,
    ),
    ...diff.renamed.map(({ from, to, points }) => `renamed  ${from} → ${to}${acts(points)}`),
    ...(diff.carried > 0 ? [`carried  ${diff.carried} acts of programs whose identity changed`] : []),
    ...lone("-", diff.onlyA),
    ...lone("+", diff.onlyB),
  ];
}

/** A heading for each program and its credentials, the acts below it. */
function lone(sign: string, points: readonly LonePoint[]): string[] {
  const lines: string[] = [];
  let last = "";
  for (const { chain, credentials, act } of points) {
    const heading = `${chain.join(" → ") || "before the first program"} (${credentials.split(" ")[0]?.slice("uid=".length)})`;
    if (heading !== last) lines.push(`${sign} ${heading}`);
    last = heading;
    lines.push(`${sign}   ${act}`);
  }
  return lines;
}

const acts = (count: number) => (count === 0 ? "" : count === 1 ? "  (1 act)" : `  (${count} acts)`);
const short = (digest: Digest | undefined) => digest?.slice(0, 12) ?? "unreadable";

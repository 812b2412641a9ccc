/** What a proposed rule says of itself: its evidence, and what it accepts that was not learnt. */
import { NameClass } from "../identity/classes/name-class.ts";
import { type Kind, kinds } from "../identity/classes/kinds.ts";
import type { Tier } from "./candidate.ts";

export interface Grounds {
  readonly directory: string;
  readonly text: string;
  readonly names: number;
  readonly runs: number;
  readonly fresh: number;
  readonly by: readonly string[] | undefined;
}

/** "12 of 16 runs did something new with `$CWD/up/{photo-<n>}.jpg`, 31 names, by nginx". */
export function becauseOf({ directory, text, names, runs, fresh, by }: Grounds): string {
  const who = by === undefined ? "" : `, by ${by.length === 1 ? lastOf(by[0] as string) : `${by.length} programs`}`;
  return `${fresh} of ${runs} runs did something there that no other did: ${directory}/${text}, ${counted(names, "name")}${who}`;
}

export function acceptsOf(text: string, tier: Tier, names: number): string {
  if (tier === "closed") return `any of the ${names} names that were learnt there, and no other`;
  const parsed = NameClass.parse(text);
  if (!(parsed instanceof NameClass)) return "";
  const says = [...new Set(parsed.kinds.map((kind) => (kinds[kind] as Kind).says))].join(" and ");
  const shown = text.replaceAll(/[{}]/g, "");
  return `${says}: ${shown}`;
}

function lastOf(programs: string): string {
  return programs.slice(programs.lastIndexOf(">") + 1);
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

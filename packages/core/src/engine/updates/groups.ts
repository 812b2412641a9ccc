/** Gathers departures that belong to one update: those that share a changed file, directly or through others. */
import type { Changes, ContentChange, Move } from "./changes.ts";
import type { Classified } from "./updates.ts";

/** One update, with the departures that are nothing but it. */
export interface Update<T> extends Changes {
  readonly departures: readonly T[];
}

/** The updates among departures, in the order of their first departure. A new act belongs to none. */
export function updatesAmong<T extends Classified>(departures: readonly T[]): readonly Update<T>[] {
  const updates = new Map<string, T[]>();
  const leaders = new Map<string, string>();
  const leaderOf = (key: string): string => {
    let at = key;
    for (let next = leaders.get(at); next !== undefined && next !== at; next = leaders.get(at)) at = next;
    leaders.set(key, at);
    return at;
  };
  const mere = departures.filter((departure) => departure.class !== "new" && keysOf(departure).length > 0);
  for (const departure of mere) {
    const [first, ...others] = keysOf(departure).map(leaderOf);
    for (const other of others) if (other !== leaderOf(first as string)) leaders.set(other, leaderOf(first as string));
  }
  for (const departure of mere) {
    const leader = leaderOf(keysOf(departure)[0] as string);
    const update = updates.get(leader);
    if (update === undefined) updates.set(leader, [departure]);
    else update.push(departure);
  }
  return [...updates.values()].map((members) => ({
    contents: distinct(
      members.flatMap(({ contents }) => contents),
      keyOfContent,
    ),
    moves: distinct(
      members.flatMap(({ moves }) => moves),
      keyOfMove,
    ),
    departures: members,
  }));
}

function keysOf({ contents, moves }: Changes): string[] {
  return [...contents.map(keyOfContent), ...moves.map(keyOfMove)];
}

const keyOfContent = ({ path, from, to }: ContentChange) => `${path} ${from} ${to}`;
const keyOfMove = ({ from, to }: Move) => `${from} → ${to}`;

function distinct<T>(entries: readonly T[], keyOf: (entry: T) => string): T[] {
  return [...new Map(entries.map((entry) => [keyOf(entry), entry])).values()];
}

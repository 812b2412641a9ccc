/**
 * Departures as a reader wants them: the gravest first, one line for one object of one program, and what programs load when they
 * start only as a number.
 *
 * Nothing is left out without a trace: a line names the other acts that it stands for, and folded ones are counted.
 */
import { compareDepartures } from "@isoline/core/engine";
import type { DepartureReport } from "../../namespace/report.ts";

/** A departure, and what one line tells with it. */
export interface Told {
  readonly departure: DepartureReport;
  /** Further acts of the same program on the same object. */
  readonly also: readonly string[];
  /** How many more rest on the same update of a file. */
  readonly more: number;
}

export interface Ranking {
  readonly lines: readonly Told[];
  /** Programs that are not on the contour and loaded what every program loads, with how many acts. */
  readonly started: ReadonlyMap<string, number>;
}

export function ranked(departures: readonly DepartureReport[]): Ranking {
  const fresh = departures.filter((departure) => updatedFile(departure) === undefined);
  // What was refused stopped something, and has a line of its own.
  const isOrdinary = ({ consequence, refused }: DepartureReport) => consequence === "start-up" && refused === 0;
  const ordinary = fresh.filter(isOrdinary);
  const others = fresh.filter((departure) => !isOrdinary(departure));
  const { told, ranks } = withoutOrdinaryExecs(others);
  const lines = [...oneForEachUpdate(departures), ...oneForEachObject(told.toSorted(gravestFirst))];
  const rankedBy = (departure: DepartureReport) => ranks.get(departure) ?? departure;
  const sorted = lines.toSorted(
    (one, other) =>
      compareDepartures(rankedBy(one.departure), rankedBy(other.departure)) ||
      gravestFirst(one.departure, other.departure),
  );
  return { lines: sorted, started: countedBy(ordinary, programOf) };
}

/** The last program of the chain that led to an act; the first process has no chain yet. */
export function programOf({ chain }: DepartureReport): string {
  return chain.at(-1) ?? "";
}

/** The file whose new content or place is all that a departure rests on; undefined for one that rests on more. */
export function updatedFile({ class: kind, changed, renamed }: DepartureReport): string | undefined {
  return kind === "new" ? undefined : (changed?.[0]?.path ?? renamed?.[0]?.from);
}

function oneForEachUpdate(departures: readonly DepartureReport[]): Told[] {
  const updates = new Map<string, DepartureReport[]>();
  for (const departure of departures) {
    const file = updatedFile(departure);
    if (file !== undefined) push(updates, file, departure);
  }
  return Array.from(updates.values(), (all) => {
    const [first] = all.toSorted((one, other) => one.sequence - other.sequence);
    return { departure: first as DepartureReport, also: [], more: all.length - 1 };
  });
}

function gravestFirst(one: DepartureReport, other: DepartureReport): number {
  return compareDepartures(one, other) || one.sequence - other.sequence;
}

interface Executions {
  readonly told: readonly DepartureReport[];
  /** The execs that a line stands for, where that ranks it higher. */
  readonly ranks: ReadonlyMap<DepartureReport, DepartureReport>;
}

/**
 * Leaves out execs of installed programs that have lines of their own: these name the program and the chain that led to it. The first
 * of these lines takes the rank of the exec. A program or a script of any other place keeps its line.
 */
function withoutOrdinaryExecs(departures: readonly DepartureReport[]): Executions {
  const told: DepartureReport[] = [];
  /** The gravest line so far of each program, by its chain and by the chain with the program's bare name. */
  const gravest = new Map<string, DepartureReport>();
  const ranks = new Map<DepartureReport, DepartureReport>();
  // What a program does comes after the exec that started it.
  for (const departure of departures.toSorted((one, other) => other.sequence - one.sequence)) {
    const { chain } = departure;
    const program = startedProgram(departure);
    const line = program === undefined ? undefined : gravest.get(chainKey([...chain, program]));
    if (line === undefined) {
      told.push(departure);
      // A line about such a device says nothing of what the program was started for.
      if (TO_NULL_DEVICE.test(departure.act)) continue;
      const key = chainKey(chain);
      const known = gravest.get(key);
      if (known === undefined || gravestFirst(departure, known) < 0) gravest.set(key, departure);
    } else if (compareDepartures(departure, ranks.get(line) ?? line) < 0) ranks.set(line, departure);
  }
  return { told, ranks };
}

const TO_NULL_DEVICE = /^open access=\S+ path=\/dev\/(?:null|zero|full) /;

/** The name of an installed program that an act executes; undefined for other acts, and where a script is run. */
function startedProgram({ act }: DepartureReport): string | undefined {
  const [, name] = /^exec path=\/(?:usr\/)?s?bin\/([^ /]+) mode=0100755 uid=0 /.exec(act) ?? [];
  return / runs=[^ ]*\//.test(act) ? undefined : name;
}

/** A chain whose last program is named without how it was called: `python3.13 as python3 (text)` is `python3.13`. */
function chainKey(chain: readonly string[]): string {
  const last = chain.at(-1) ?? "";
  return [...chain.slice(0, -1), last.split(" ", 1)[0]].join(" → ");
}

function oneForEachObject(departures: readonly DepartureReport[]): Told[] {
  const lines = new Map<string, { departure: DepartureReport; also: Set<string> }>();
  /** The first line that uses a socket, by program, family and type: it tells that the socket was made. */
  const users = new Map<string, string>();
  const isSocket = ({ act }: DepartureReport) => act.startsWith("socket ");
  for (const departure of [...departures.filter((each) => !isSocket(each)), ...departures.filter(isSocket)]) {
    const by = departure.chain.join(" → ");
    const socket = `${by} ${/ family=[^ ]+ type=[^ ]+/.exec(departure.act)?.[0]}`;
    const key = (isSocket(departure) ? users.get(socket) : undefined) ?? `${by} ${objectOf(departure.act)}`;
    const known = lines.get(key);
    if (known !== undefined) known.also.add(howOf(departure.act));
    else lines.set(key, { departure, also: new Set() });
    if (!isSocket(departure) && !users.has(socket)) users.set(socket, key);
  }
  return Array.from(lines.values(), ({ departure, also }) => ({
    departure,
    also: [...also].filter((how) => how !== howOf(departure.act)),
    more: 0,
  }));
}

/** The path or address of an act; the whole act if it has neither. */
function objectOf(act: string): string {
  return / (?:path|address)=[^ ]+/.exec(act)?.[0] ?? act;
}

/** `map`, `open for read,write`. */
function howOf(act: string): string {
  const [operation = "", first = ""] = act.split(" ", 2);
  return first.startsWith("access=") && operation !== "map"
    ? `${operation} for ${first.slice("access=".length)}`
    : operation;
}

function countedBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return counts;
}

function push<K, T>(lists: Map<K, T[]>, key: K, item: T): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [item]);
  else known.push(item);
}

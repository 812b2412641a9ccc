/** Gathers departures by their cause, so that one decision is made about each cause and not about each departure. */
import { actingUsers } from "../../contour/acting-user.ts";
import { formatCredentials } from "../../contour/credentials.ts";
import { type Event, subjectRecord } from "../../event/event.ts";
import { phrase } from "../../event/phrase.ts";
import { formatAct } from "../../event/text.ts";
import { consequenceOf } from "../consequence.ts";
import { chainPhrase, nameSafely } from "../lineage.ts";
import { directoryOf } from "../similarity.ts";
import { updatesAmong } from "../updates/groups.ts";
import { counted, shortDigest } from "../wording.ts";
import type { Caused } from "./proposal.ts";

/** Departures about which one decision is made. */
export interface Cause<P extends Caused = Caused> {
  /** What it is, in one line. */
  readonly title: string;
  /** The programs that lead to it, and the user if it is another than the one who started them; updates have none. */
  readonly program: string;
  /** More lines about it, each about one file or one act. */
  readonly details: readonly string[];
  readonly departures: readonly P[];
}

/** Deeper directories are gathered with the one that contains them. */
const DEEPEST = 4;

/** Every cause once: updates first, because what an updated program does new rests on them; then by program. */
export function causesOf<P extends Caused>(departures: readonly P[]): readonly Cause<P>[] {
  const updates = updatesAmong(departures).map(
    ({ contents, moves, departures }): Cause<P> => ({
      title: `updated: ${filesText([...contents, ...moves])}, and nothing else in ${counted(departures.length, "act")}`,
      program: "",
      details: [
        ...contents.map(({ path, from, to }) => `content of ${path}: ${shortDigest(from)} → ${shortDigest(to)}`),
        ...moves.map(({ from, to }) => `${from} is now ${to}`),
      ],
      departures,
    }),
  );
  const groups = new Map<string, P[]>();
  for (const departure of departures) {
    if (departure.class !== "new" && departure.contents.length + departure.moves.length > 0) continue;
    const key = keyOf(departure);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [departure]);
    else group.push(departure);
  }
  const userOf = actingUsers(departures.map(acting));
  const causes = [...groups.values()].map((found) => causeOf(found, userOf));
  return [...updates, ...inProgramOrder(causes)];
}

function acting({ names, event }: Caused) {
  return { chain: names, credentials: formatCredentials(event.actor.credentials) };
}

/**
 * Acts of different consequence are never gathered: a grave one could hide behind many others, and a refused one behind the rest; nor
 * are those with other rights, such as those of root.
 */
function keyOf(departure: Caused): string {
  const { event, refused } = departure;
  const { consequence } = consequenceOf(event);
  const who = `${event.actor.task} ${formatCredentials(event.actor.credentials)}`;
  if (isOfStart(departure)) return `${who} ${consequence}`;
  const access = "access" in event.subject ? event.subject.access : "";
  return [who, consequence, event.op, access, refused > 0, placesOf(event)].join(" ");
}

/**
 * What a program loads that the contour does not have. A report is input from outside, so the act must be of that kind by itself as well.
 * What was refused stopped something, and is told by itself.
 */
function isOfStart({ event, consequence, refused }: Caused): boolean {
  return consequence === "start-up" && refused === 0 && consequenceOf(event).consequence === "start-up";
}

/** The directory of a path; anything else is a cause of its own, and so is each program that is executed. */
function placesOf(event: Event): string {
  const { path } = subjectRecord(event);
  if (typeof path !== "string" || event.op === "exec") return formatAct(event);
  return directoryOf(path)
    .split("/")
    .slice(0, DEEPEST + 1)
    .join("/");
}

function causeOf<P extends Caused>(found: readonly P[], userOf: ReturnType<typeof actingUsers>): Cause<P> {
  const departures = found.toSorted((one, other) => rankOf(one) - rankOf(other));
  const [first] = departures as [P, ...P[]];
  const { names } = first;
  const own = names.at(-1);
  const user = userOf(acting(first));
  const as = user === "user" ? "" : ` as ${user}`;
  const program = `${own === undefined ? "the first process" : `\`${nameSafely(own)}\` (${chainPhrase(names)})`}${as}`;
  const more = departures.length - 1;
  const where = placesOf(first.event);
  const rest = more === 0 ? "" : `, and ${more} more like it below ${where === "" ? "/" : where}`;
  return {
    title: isOfStart(first)
      ? `${program} loaded what every program loads: ${counted(departures.length, "act")} of loader, libraries and locale`
      : `${program} ${phrase(first.event)}${rest}`,
    program,
    details: departures.map(({ event }) => formatAct(event)),
    departures,
  };
}

/** Programs as they came to act, so that what starts one comes before what it does; of each, the gravest first. */
function inProgramOrder<P extends Caused>(causes: readonly Cause<P>[]): Cause<P>[] {
  const programs = [...new Set(causes.map(({ program }) => program))];
  return programs.flatMap((program) =>
    causes
      .filter((cause) => cause.program === program)
      .sort((one, other) => rankOf(one.departures[0] as P) - rankOf(other.departures[0] as P)),
  );
}

function rankOf({ event }: Caused): number {
  return consequenceOf(event).rank;
}

function filesText(files: readonly ({ readonly path: string } | { readonly from: string })[]): string {
  const names = files.map((file) => ("path" in file ? file.path : file.from));
  return names.length <= 2 ? names.join(" and ") : `${names[0]} and ${names.length - 1} more files`;
}

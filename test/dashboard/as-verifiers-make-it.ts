/** What every answer of a verifier about one canister has in common, for those that tests make up. */
import type { CanisterInFull } from "@isoline/verifier";

const counts = ["departures", "refused", "lost", "untrusted"] as const;

/** What of the history and of the counts over time no verifier would say; nothing where it may be an answer of one. */
export function unlikeAVerifier({ history, reports, state, counters }: CanisterInFull): readonly string[] {
  const wrong: string[] = [];
  const say = (what: string, is: boolean) => void (is && wrong.push(what));
  const time = ({ at }: { readonly at: string }) => Date.parse(at);
  const [newest] = reports.items;

  say("more than 200 changes", history.length > 200);
  say("its newest change led elsewhere", history[0]?.state !== state);
  for (const [later, earlier] of pairs(history)) {
    say("changes that are not the newest first", time(later) < time(earlier));
    say(
      `a change at ${later.at} that changes nothing`,
      later.state === earlier.state && later.failure === earlier.failure,
    );
  }

  say("no report, or more than 200", newest === undefined || reports.items.length > 200);
  say(
    "a newest report that is later than the last evidence",
    newest !== undefined && time(newest) > Date.parse(reports.until ?? newest.at),
  );
  say(
    "a newest report of other counts than it has",
    counts.some((name) => newest?.counters[name] !== counters[name]),
  );
  for (const [later, earlier] of pairs(reports.items)) {
    say("reports that are not the newest first", time(later) < time(earlier));
    say(`two reports within ten seconds at ${later.at}`, slot(later.at) === slot(earlier.at));
    say(
      `a report at ${later.at} of the same counts`,
      counts.every((name) => later.counters[name] === earlier.counters[name]),
    );
  }
  return wrong;
}

const slot = (at: string) => Math.floor(Date.parse(at) / 10_000);
const pairs = <T>(all: readonly T[]): readonly (readonly [T, T])[] =>
  all.slice(1).map((one, before) => [all[before] as T, one]);

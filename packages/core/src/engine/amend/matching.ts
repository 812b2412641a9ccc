/** Which departures a pattern means: those of a class, those that a question fits, or those with a name or path that it fits. */
import { IsolineError } from "../../error.ts";
import { type Event, subjectRecord } from "../../event/event.ts";
import { formatAct } from "../../event/text.ts";
import { programName } from "../../identity/task.ts";
import { hostAndPort } from "../address.ts";
import { Query } from "../query/query.ts";
import { textPattern } from "../query/text-pattern.ts";
import { departureClasses } from "../updates/updates.ts";
import type { Proposal } from "./proposal.ts";

/**
 * A pattern is a class (`updated-program`), or a question as `isoline query` has it (`connect address=loopback`). Any other pattern
 * is a text with `*` and `?` for the whole of a path, an address, an act, or the name or path of a program that acts or is executed.
 * Throws `bad-query` for a question that is not understood.
 */
export function matcherOf(pattern: string): (proposal: Proposal) => boolean {
  const kind = departureClasses.find((each) => each === pattern);
  if (kind !== undefined) return (proposal) => proposal.class === kind;
  const query = questionIn(pattern);
  if (query === undefined) return nameMatcher(pattern);
  const isAboutNetwork = /(?:^|\s)address=(?:private|\S*\/\d+)(?=\s|$)/.test(pattern);
  return ({ event, chain }) => {
    // A name lies in every network where a question is put. Here it would be accepted without having been asked for.
    if (isAboutNetwork && isName(event)) return false;
    return query.matches(event, { actor: event.actor, chain, handles: new Map() });
  };
}

/** The question, or undefined for another text. One with a field in it has to be a question. */
function questionIn(pattern: string): Query | undefined {
  const hasField = /(?:^|\s)[a-z][a-z-]*!?=/.test(pattern);
  // As a question, a star among operations would mean every act.
  if (!hasField && /[*?]/.test(pattern)) return undefined;
  try {
    return Query.parse(pattern);
  } catch (fault) {
    if (fault instanceof IsolineError && !hasField) return undefined;
    throw fault;
  }
}

function nameMatcher(pattern: string): (proposal: Proposal) => boolean {
  const test = textPattern(pattern);
  if (typeof test !== "function") throw new IsolineError("bad-query", `expected ${test.problem}`);
  return (proposal) => textsOf(proposal).some(test);
}

function textsOf({ event, chain }: Proposal): string[] {
  const { path, address, to } = subjectRecord(event);
  const own = chain.at(-1);
  const program = own === undefined ? [] : [programName(own), own.images[0].path];
  const places = [path, address, to].filter((text) => typeof text === "string");
  const executed = event.op === "exec" ? [event.subject.path.slice(event.subject.path.lastIndexOf("/") + 1)] : [];
  return [formatAct(event), ...places, ...program, ...executed];
}

function isName(event: Event): boolean {
  return "address" in event.subject && hostAndPort(event.subject.address).ip === undefined;
}

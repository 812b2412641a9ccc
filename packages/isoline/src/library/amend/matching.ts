/** Which departures a pattern on the command line means. */
import { departureClasses, type Proposal } from "@isoline/core/engine";
import { formatAct, phrase, subjectRecord } from "@isoline/core/event";
import { programName } from "@isoline/core/identity";

/**
 * A pattern is a class (`updated-program`), or a text with `*` and `?` that is the whole of the act, of its path or address, of
 * its operation, or of the name or path of the program that acts or is executed.
 */
export function matcherOf(pattern: string): (proposal: Proposal) => boolean {
  const kind = departureClasses.find((each) => each === pattern);
  if (kind !== undefined) return (proposal) => proposal.class === kind;
  const expression = expressionOf(pattern);
  return (proposal) => textsOf(proposal).some((text) => expression.test(text));
}

function textsOf({ event, chain }: Proposal): string[] {
  const { path, address, to } = subjectRecord(event);
  const own = chain.at(-1);
  const program = own === undefined ? [] : [programName(own), own.images[0].path];
  const places = [path, address, to].filter((text) => typeof text === "string");
  const executed = event.op === "exec" ? [event.subject.path.slice(event.subject.path.lastIndexOf("/") + 1)] : [];
  return [formatAct(event), phrase(event), event.op, ...places, ...program, ...executed];
}

/** Several stars in a row are one: the expression has no two parts that could match the same text in many ways. */
function expressionOf(pattern: string): RegExp {
  const parts = pattern.replace(/\*+/g, "*").split(/([*?])/);
  return new RegExp(`^${parts.map(partOf).join("")}$`, "su");
}

function partOf(part: string): string {
  if (part === "*") return ".*";
  return part === "?" ? "." : part.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

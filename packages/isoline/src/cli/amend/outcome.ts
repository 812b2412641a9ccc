/** Says what accepting departures came to. */
import { chainPhrase, type Proposal, updatesAmong } from "@isoline/core/engine";
import { phrase } from "@isoline/core/event";
import { taskPhrase } from "@isoline/core/identity";
import type { Accepted } from "../../library/amend/accept.ts";
import { paint } from "../output/paint.ts";
import { sayStaleSignature } from "../output/stale-signature.ts";
import { note, STDERR } from "../output/streams.ts";
import { counted, grouped, harmless } from "../output/wording.ts";

const MOST_NAMED = 5;

export function sayAccepted(file: string, accepted: Accepted): void {
  const { added, orphaned, needed, open, left, already, size, incomplete, removedSignature } = accepted;
  if (removedSignature) sayStaleSignature(file);
  const updates = updatesAmong(added);
  const mere = updates.reduce((sum, { departures }) => sum + departures.length, 0);
  const how = mere === 0 ? "" : `, of them ${grouped(mere)} by ${counted(updates.length, "update")}`;
  note(`${harmless(file)}: ${counted(added.length, "departure")} accepted${how}; ${counted(size, "point")} now`);
  if (already > 0) note(`on the contour already: ${counted(already, "departure")}`);
  if (left > 0) note(`left off contour: ${counted(left, "departure")}`);
  sayEach(orphaned, "not accepted, because the execution of its program was not");
  sayNeeded(needed);
  sayOpen(open);
  for (const reason of incomplete)
    note(`${paint("yellow", "incomplete", STDERR)}: ${harmless(reason)}; nothing of that is accepted`);
  sayUnknownAfterwards(added);
}

function sayNeeded(needed: readonly Proposal[]): void {
  const paths = new Set(needed.map(({ event }) => (event.op === "exec" ? event.subject.path : "")));
  const options = [...paths].slice(0, MOST_NAMED).map((path) => `--only 'exec path=${path}'`);
  if (options.length > 0)
    note(`to accept them with the execution of their program, add: ${harmless(options.join(" "))}`);
}

/** What a refused execution would have led to was never observed. */
function sayUnknownAfterwards(added: readonly Proposal[]): void {
  const executions = added.filter(({ event, refused }) => event.op === "exec" && refused > 0);
  for (const each of executions.slice(0, MOST_NAMED))
    note(
      `${actText(each)}: this was refused, so what the program does then is not known, and will depart when it does it`,
    );
  const others = added.filter(({ event, refused }) => event.op !== "exec" && refused > 0).length;
  if (others > 0)
    note(`${counted(others, "act")} among these had been refused: what follows when it succeeds may depart as well`);
}

function sayOpen(open: readonly Proposal[]): void {
  for (const reason of new Set(open.map((each) => each.open ?? "")))
    sayEach(
      open.filter((each) => each.open === reason),
      `cannot be accepted: ${reason}`,
    );
}

function sayEach(proposals: readonly Proposal[], why: string): void {
  for (const each of proposals.slice(0, MOST_NAMED)) note(`${paint("yellow", why, STDERR)}: ${actText(each)}`);
  if (proposals.length > MOST_NAMED)
    note(`… and ${counted(proposals.length - MOST_NAMED, "more act")}, for the same reason`);
}

function actText({ event, chain }: Proposal): string {
  const names = chain.map(taskPhrase);
  return harmless(`${names.length === 0 ? "the first process" : chainPhrase(names)} ${phrase(event)}`);
}

/**
 * Runs that ended before a verifier was told of all that they did. A node tells of what runs; what the TPM recorded of a run that ended
 * between two evidences is judged with the next run of its label, or else said once of the label that is there no more.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { equal } from "../cbor/index.ts";
import type { CanisterBody } from "../evidence/index.ts";
import { lastHeardOf, type Ledger, lossOfSupervisor, lostSupervisor, type NamespaceFacts } from "../register/index.ts";
import { type Accepted, type AcceptedCanister, lastOf } from "./accepted.ts";
import type { NodeFacts } from "./node.ts";
import { type CanisterRule, isForLabel, type Policy } from "./policy.ts";
import type { Question } from "./question.ts";

/** What a run that has ended did off its contour, and lost, as its records say. */
export interface EndedRun {
  readonly birth: number;
  readonly departures: number;
  readonly lost: number;
  /** Its supervisor ended and recorded no end: when, and what follows of it, in words. */
  readonly unsupervised: string | undefined;
}

/** A label of which nothing runs any more, and whose last run departed or lost something after it was told of. */
export interface Ending {
  readonly label: string;
  /** Number of the birth of the last of its runs that departed or lost something. */
  readonly birth: number;
  readonly failure: "off-contour" | "incomplete";
  /** Of the first of these that departed, else lost something, and of the last that lost its supervisor. */
  readonly why: string;
  /** One of them lost its supervisor: whether it has ended is not known. */
  readonly isUnsupervised?: true | undefined;
}

type Told = { readonly name: Uint8Array | undefined; readonly body: Pick<CanisterBody, "label" | "register"> };

/**
 * Ended runs of this label, other than the one that is told of, that say more than was judged. A node that leaves out the proof of a name
 * does not get rid of them: the run that was accepted last has that name too. None for a label without either.
 */
export function endedRunsOf(
  { name: proven, body }: Told,
  node: NodeFacts,
  last: Accepted | undefined,
): readonly EndedRun[] {
  if (node.ledger === undefined) return [];
  const { ledger } = node.ledger;
  const before = ofThisBoot(node, last) ? lastOf(body.label, last?.canisters ?? []) : undefined;
  const name = proven ?? (before && runIn(ledger, before)?.birth.name);
  if (name === undefined) return [];
  return unjudged(ledger, name, before).filter(({ birth }) => birth !== body.register?.birth);
}

/** Whether the run that a body tells of is one of its label, where a ledger says whose it is. */
export function isOfItsLabel({ name, body: { register } }: Told, { ledger }: NodeFacts): boolean {
  if (register === undefined || ledger === undefined) return true;
  const facts = ledger.ledger.namespaces.get(register.birth);
  const isBorn = facts !== undefined && equal(facts.register, register.name);
  return isBorn && name !== undefined && equal(facts.birth.name, name);
}

/** What the records say of labels that were told of in this boot and are not any more, where no verdict said it. */
export interface Past {
  readonly endings: readonly Ending[];
  /** What was accepted of these labels, with the last run that is said now: so that it is said once. */
  readonly said: readonly AcceptedCanister[];
}

export function pastIn(
  node: NodeFacts,
  told: readonly Told[],
  { canisters: rules }: Policy,
  { last, about }: Question,
): Past {
  if (about !== undefined || node.ledger === undefined || !ofThisBoot(node, last)) return { endings: [], said: [] };
  const { ledger } = node.ledger;
  const present = new Set(told.map(({ body }) => body.label));
  const gone = (last?.canisters ?? []).filter(({ label }) => !present.has(label));
  const found = gone.map((before) => ({ before, runs: unsaid(ledger, before) })).filter(({ runs }) => runs.length > 0);
  return {
    endings: found.flatMap(({ before: { label }, runs }) =>
      endingOf(
        label,
        runs,
        rules.find((rule) => isForLabel(rule.label, label)),
      ),
    ),
    said: found.map(({ before, runs }) => ({ ...before, said: runs.at(-1)?.birth })),
  };
}

function unsaid(ledger: Ledger, before: AcceptedCanister): readonly EndedRun[] {
  const name = runIn(ledger, before)?.birth.name;
  const runs = name === undefined ? [] : unjudged(ledger, name, before);
  return runs.filter(({ birth }) => birth > (before.said ?? -1));
}

/** Ended runs that departed or lost something, and that are of no label that is told of or was accepted: only their number finds them. */
export function strangersIn(node: NodeFacts, told: readonly Told[], last: Accepted | undefined): readonly EndedRun[] {
  if (node.ledger === undefined) return [];
  const { ledger } = node.ledger;
  const known = [
    ...told.map(({ name }) => name),
    ...(last?.canisters ?? []).map((before) => runIn(ledger, before)?.birth.name),
  ];
  const names = new Set(known.filter((name) => name !== undefined).map(bytesToHex));
  return [...tellingIn(ledger)].flatMap(([name, runs]) => (names.has(name) ? [] : runs));
}

function endingOf(label: string, runs: readonly EndedRun[], rule: CanisterRule | undefined): readonly Ending[] {
  const birth = runs.at(-1)?.birth ?? 0;
  const departed = runs.find(({ departures }) => departures > (rule?.departures ?? 0));
  // A lost supervisor is told of where losses are only warned of, too: no body of this label is there that a warning could be about.
  const unsupervised = runs.findLast((run) => run.unsupervised !== undefined);
  const lossy = unsupervised ?? (rule?.losses === "warn" ? undefined : runs.find(({ lost }) => lost > 0));
  const first = departed ?? lossy;
  if (first === undefined) return [];
  const failure = departed === undefined ? "incomplete" : "off-contour";
  return [{ label, birth, failure, ...toldOf(first, unsupervised) }];
}

/** Nothing is known of the end of a run without a supervisor: under bpf it may go on, whatever another run of its label did. */
function toldOf(first: EndedRun, unsupervised: EndedRun | undefined): Pick<Ending, "why" | "isUnsupervised"> {
  const why = `${first.unsupervised === undefined ? "it ended; before that, " : ""}${inWords(first)}`;
  if (unsupervised === undefined) return { why };
  const further = first === unsupervised ? "" : `; ${inWords(unsupervised)}`;
  return { why: `${why}${further}; end what is left of it on the node, and start it anew`, isUnsupervised: true };
}

export function inWords({ birth, departures, lost, unsupervised }: EndedRun): string {
  const events = unsupervised === undefined ? lost : lost - 1;
  const what = [
    ...(departures > 0 ? [`departed ${departures} times`] : []),
    ...(events > 0 ? [`lost ${events} events`] : []),
    ...(unsupervised === undefined ? [] : [`lost its supervisor ${unsupervised}`]),
  ];
  return `its run that was born in record ${birth} of the ledger ${what.join(" and ")}`;
}

function unjudged(ledger: Ledger, name: Uint8Array, before: AcceptedCanister | undefined): readonly EndedRun[] {
  const runs = tellingIn(ledger).get(bytesToHex(name)) ?? [];
  const judged = before && runIn(ledger, before);
  if (before === undefined || judged === undefined) return runs;
  const { departures, untrusted, refused, lost } = before.counters;
  return runs.filter((run) =>
    run.birth === judged.birth.sequence
      ? // While a supervisor tells of a run, it is not lost: that is said by the records alone.
        run.unsupervised !== undefined || run.departures > Math.max(departures, untrusted, refused) || run.lost > lost
      : run.birth > judged.birth.sequence,
  );
}

/** The run that was accepted last, where this ledger has it. */
function runIn({ namespaces }: Ledger, { run }: AcceptedCanister): NamespaceFacts | undefined {
  const [register, birth] = run.split(" ");
  const facts = namespaces.get(Number(birth));
  return facts !== undefined && bytesToHex(facts.register) === register ? facts : undefined;
}

const ofThisBoot = ({ proven }: NodeFacts, last: Accepted | undefined): boolean =>
  proven !== undefined && last?.clock?.resetCount === proven.clock.resetCount;

/** Of ledgers that were looked through: the ended runs with something to tell, by the name of their label. */
const telling = new WeakMap<Ledger, ReadonlyMap<string, readonly EndedRun[]>>();

function tellingIn(ledger: Ledger): ReadonlyMap<string, readonly EndedRun[]> {
  const known = telling.get(ledger);
  if (known !== undefined) return known;
  const byName = new Map<string, EndedRun[]>();
  for (const [birth, facts] of ledger.namespaces) {
    const { birth: born, departures, losses, end } = facts;
    if (end === undefined) continue;
    const run = {
      birth,
      departures: Math.max(departures.length, end.off, end.refused),
      lost: Math.max(losses.length, end.lost),
      unsupervised: unsupervisedSince(facts),
    };
    if (run.departures + run.lost === 0) continue;
    const name = bytesToHex(born.name);
    const runs = byName.get(name) ?? [];
    byName.set(name, runs);
    runs.push(run);
  }
  telling.set(ledger, byName);
  return byName;
}

/** Later ones have no other form in four digits of a year. */
const LAST_TIME = Date.UTC(9999, 0);

function unsupervisedSince(facts: NamespaceFacts): string | undefined {
  const loss = lossOfSupervisor(facts);
  if (loss === undefined) return undefined;
  const [from, found] = [lastHeardOf(facts), loss.at].map((at) => new Date(Math.min(at, LAST_TIME)).toISOString());
  const register = loss.reason === lostSupervisor.unproven ? ", and its register did not hold what was recorded" : "";
  return `between ${from} (its last record) and ${found} (found gone)${register}: what it did since is recorded nowhere`;
}

/** The checks of one canister, whose body the quote of its node covers. */
import type { Digest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import { signerOf } from "@isoline/core/verify";
import { bytesToHex } from "@noble/hashes/utils.js";
import { AttestError } from "../error.ts";
import type { CanisterBody, Evidence } from "../evidence/index.ts";
import { type AcceptedCanister, lastOf } from "./accepted.ts";
import { begunIn, isBegun } from "./begun.ts";
import type { ContourFile } from "./contour-file.ts";
import {
  type Check,
  equivocates,
  type Findings,
  incomplete,
  offContour,
  rolledBack,
  short,
  unknownContour,
  untrustedPlatform,
} from "./findings.ts";
import type { NodeFacts } from "./node.ts";
import { type CanisterRule, isForLabel, type Policy } from "./policy.ts";
import { type EndedRun, endedRunsOf, inWords, isOfItsLabel } from "./past.ts";
import type { Published, PublishedFor } from "./published.ts";
import type { Question } from "./question.ts";
import type { ProvenCanister } from "./tree.ts";
import { assertRecorded, assertRegister, type CanisterRecords, isReordered, recordsOf } from "./register.ts";

/** Makes all checks of a canister; those that need what an earlier one did not find are left out. */
export async function appraiseCanister(
  canister: ProvenCanister,
  evidence: Evidence,
  node: NodeFacts,
  question: Question,
  policy: Policy,
  all: Published,
  findings: Findings,
): Promise<void> {
  const { body, name } = canister;
  const rule = await findings.make("rules", () => ruleFor(body, node, policy));
  if (rule === undefined) return;
  const amended = amendedIn(body, node);
  const published = all.for(rule);
  const contour = await findings.make("contour", () => knownContour(body, rule, question, published, amended));
  if (contour !== undefined) {
    await findings.make("state", () => assertState(body, contour.states, amended));
    await findings.make("bound", (warn) => assertBound(body, rule, node, contour.file, question, warn));
  }
  const isKnown = knownStates(body, published);
  const records = await findings.make("register", (warn) => recordsFor(body, rule, evidence, node, question, warn));
  if (records !== undefined && records !== "none")
    await findings.make("record", () => assertRecorded(body, name, records, node.aggregate, isKnown));
  const facts = records === "none" ? undefined : records;
  await findings.make("progress", () => assertProgress(body, question.last?.canisters, facts));
  const earlier = endedRunsOf(canister, node, question.last);
  await findings.make("losses", (warn) => assertNothingLost(body, facts, earlier, rule, warn));
  await findings.make("trust", () => assertOnContour(body, facts, earlier, rule));
}

function ruleFor(body: CanisterBody, node: NodeFacts, { canisters, programs }: Policy): CanisterRule {
  const rule = canisters.find(({ label }) => isForLabel(label, body.label));
  if (rule === undefined) throw unknownContour("a rule for this label in the policy", "none", "add one if it may run");
  if (isBegun(body.label)) assertForBegun(body, rule);
  if (!rule.modes.includes(body.mode))
    throw unknownContour(`the mode ${rule.modes.join(" or ")}`, body.mode, "start it so");
  if (body.mode !== "learning" && !body.sealed)
    throw unknownContour("a sealed contour", "an open one", "start it sealed");
  if (!rule.sensors.includes(body.sensor))
    throw unknownContour(`the sensor ${rule.sensors.join(" or ")}`, body.sensor, "start it under that one");
  if (body.sensor === "bpf" && programs === "referenced" && !node.body.sensors.some(({ sensor }) => sensor === "bpf"))
    throw untrustedPlatform(
      "the programs of the bpf sensor, under which it runs, in what the node says",
      "none",
      "find out what is loaded into the kernel",
    );
  return rule;
}

/** A process chooses what it begins under, and its name. So of all that was published only what the rule names is for it. */
function assertForBegun({ label }: CanisterBody, { contours }: CanisterRule): void {
  if (begunIn(label) === undefined)
    throw unknownContour(
      "a label begun:UID:NAME, as an agent gives it",
      JSON.stringify(label.slice(0, 60)),
      "distrust it",
    );
  if (contours === undefined)
    throw unknownContour(
      "a rule that names contours for what a process began for itself",
      "one without",
      "name them in its contours",
    );
}

interface KnownContour {
  /** States that it is known by: of the reference and of the file. */
  readonly states: readonly string[];
  readonly file: ContourFile | undefined;
}

async function knownContour(
  body: CanisterBody,
  rule: CanisterRule,
  { trust }: Question,
  published: PublishedFor,
  amended: string | undefined,
): Promise<KnownContour> {
  if (body.contour === undefined && amended !== undefined) return contourByState(body, rule, published, amended);
  if (body.contour === undefined)
    throw unknownContour("a contour that this verifier knows", "none", "start it under one");
  const digest = bytesToHex(body.contour) as Digest;
  const isFor = (images: readonly string[]) =>
    images.length === 0 || (body.image !== undefined && images.includes(body.image));
  const named = published.referencesOf(digest);
  const reference = named.find(({ images }) => isFor(images));
  if (named.length > 0 && reference === undefined)
    throw unknownContour("an image that this contour is for", body.image ?? "none", "use the contour of this image");
  const there = published.fileOf(digest);
  const file = there !== undefined && isFor(there.images) ? there.file : undefined;
  const signed = rule.signedContour ? await signatureOf(body, digest, trust) : undefined;
  if (signed !== undefined && !isFor(signed.images))
    throw unknownContour("an image that the signature is for", body.image ?? "none", "have it signed for this image");
  const awaited = reference === undefined && there === undefined ? published.awaitedFor(digest) : undefined;
  if ((reference === undefined && file !== there?.file) || (awaited !== undefined && !isFor(awaited)))
    throw unknownContour("an image that a signature is for", body.image ?? "none", "have it signed for this image");
  // A trusted key vouches for it, so it is not a bad contour; but nothing is proven before the file is here.
  if (awaited !== undefined)
    throw incomplete(
      `the file of the contour ${digest.slice(0, 16)}…, which a trusted key has signed`,
      "none yet",
      "its node sends it when it is asked; if it does not, see what the node says, or put the file",
    );
  if (reference === undefined && file === undefined)
    throw unknownContour(
      rule.contours === undefined ? "a contour of the reference values" : "a published contour that the rule names",
      digest.slice(0, 16) + (amended === undefined ? "" : `, to which ${amended}`),
      rule.contours === undefined ? "review it, and add it to them" : "start it under one of those, or name it there",
    );
  const states = [reference?.state, file?.state].filter((state) => state !== undefined);
  return { states, file };
}

/** When the contour in force was last made to permit more, in words; undefined if that is not recorded. */
function amendedIn({ register }: CanisterBody, { ledger }: NodeFacts): string | undefined {
  const last = register && ledger?.ledger.namespaces.get(register.birth)?.amendments.at(-1);
  return last && `it was amended while it ran (record ${last.sequence} of the ledger)`;
}

/** A contour that grew in memory, by answers of a person, is in no file. It is known by the state of its points. */
async function contourByState(
  { state, image }: CanisterBody,
  rule: CanisterRule,
  published: PublishedFor,
  amended: string,
): Promise<KnownContour> {
  const told = bytesToHex(state);
  if (rule.signedContour)
    throw unknownContour("a signed contour", `none: ${amended}`, "sign what it does now, and amend it to that file");
  const isFor = (images: readonly string[]) => images.length === 0 || (image !== undefined && images.includes(image));
  const reference = published.referencesIn(told).find((one) => isFor(one.images));
  const file = published.fileIn(told, isFor);
  if (reference === undefined && file === undefined)
    throw unknownContour(
      "a published contour of its state",
      `${short(state)}: ${amended}`,
      "review what was permitted, and publish it, or start it anew",
    );
  return { states: [told], file };
}

/** Whether a state that was in force earlier is that of a published contour. */
function knownStates({ image }: CanisterBody, published: PublishedFor) {
  return (state: Uint8Array): boolean => {
    const told = bytesToHex(state);
    const isFor = (images: readonly string[]) => images.length === 0 || (image !== undefined && images.includes(image));
    return published.referencesIn(told).some((one) => isFor(one.images)) || published.fileIn(told, isFor) !== undefined;
  };
}

async function signatureOf({ signature }: CanisterBody, digest: Digest, { contourSigners }: Question["trust"]) {
  if (contourSigners.length === 0)
    throw unknownContour(
      "a key in contour-signers/ of the verifier's trust directory, since the policy demands signedContour",
      "none",
      "put the public key there of those who sign contours (a verifier reads it at its start)",
    );
  const names = contourSigners.map(({ name }) => name).join(", ");
  if (signature === undefined)
    throw unknownContour(`a contour signed by ${names} (contour-signers/)`, "no signature", "have it signed");
  try {
    return await signerOf(digest, { signature, keys: contourSigners });
  } catch (fault) {
    if (fault instanceof IsolineError) throw new AttestError("unknown-contour", fault.message);
    throw fault;
  }
}

function assertState({ state }: CanisterBody, states: readonly string[], amended: string | undefined): void {
  const told = bytesToHex(state);
  const other = states.find((each) => each !== told);
  if (other !== undefined)
    throw unknownContour(
      `the state ${other.slice(0, 16)}… of the contour`,
      short(state),
      `${amended ?? "it was widened after it was published"}: review what runs`,
    );
}

function assertBound(
  { bound, state, contour }: CanisterBody,
  rule: CanisterRule,
  { aggregate }: NodeFacts,
  file: ContourFile | undefined,
  { challenge }: Question,
  warn: (why: string) => void,
): void {
  const lack =
    bound === undefined
      ? "a bound state"
      : aggregate === undefined
        ? "an aggregate of registers 0 to 7"
        : file === undefined
          ? `the contour file ${short(contour)} among those of the verifier`
          : undefined;
  if (lack !== undefined || bound === undefined || aggregate === undefined || file === undefined) {
    if (rule.bound === "required")
      throw incomplete(lack ?? "", "none", "add it, so that the bound state can be recomputed");
    return bound === undefined ? undefined : warn(`the bound state is not recomputed without ${lack ?? ""}`);
  }
  if (bytesToHex(bound.aggregate) !== bytesToHex(aggregate))
    throw equivocates(
      `the aggregate ${short(aggregate)} of the node`,
      short(bound.aggregate),
      "the state is bound to another machine",
    );
  const base = bytesToHex(challenge) as Digest;
  const expected = file.stateUnder({ base, aggregate: bytesToHex(aggregate) as Digest });
  if (bytesToHex(bound.state) !== expected)
    throw equivocates(
      `the bound state ${expected.slice(0, 16)}…`,
      short(bound.state),
      `it is of other points than ${short(state)}, or of another moment`,
    );
}

async function recordsFor(
  body: CanisterBody,
  rule: CanisterRule,
  evidence: Evidence,
  node: NodeFacts,
  { verifiesEcdsa }: Question,
  warn: (why: string) => void,
): Promise<CanisterRecords | "none"> {
  const { proven, ledger } = node;
  if (body.register === undefined || ledger === undefined || proven === undefined) {
    if (rule.register === "required")
      throw incomplete("a register of the TPM for it", "none", "start it with one, so that its past cannot be changed");
    return "none";
  }
  return recordsOf(body.register, ledger, () =>
    assertRegister(body.register?.name as Uint8Array, evidence, proven, ledger, warn, verifiesEcdsa),
  );
}

/** Within one run nothing is taken back: no event, no departure, no loss. */
function assertProgress(
  body: CanisterBody,
  accepted: readonly AcceptedCanister[] | undefined,
  records: CanisterRecords | undefined,
): void {
  const before = accepted && lastOf(body.label, accepted);
  if (before === undefined || before.run !== runOf(body)) return;
  for (const [name, count] of Object.entries(before.counters)) {
    const now = body.counters[name as keyof CanisterBody["counters"]];
    if (now < count)
      throw rolledBack(
        `at least ${count} ${name}, as accepted before`,
        `${now}`,
        "its supervisor took something back: distrust it",
      );
  }
  if (body.points < before.points)
    throw rolledBack(`at least ${before.points} points`, `${body.points}`, "its measurement was set back: distrust it");
  const isSame = body.points !== before.points || bytesToHex(body.measurement) === before.measurement;
  if (!isSame && !isReordered(records?.facts.amendments ?? [], body.points))
    throw equivocates(
      `the measurement ${before.measurement.slice(0, 16)}… of ${before.points} points`,
      short(body.measurement),
      "it goes on from a fork: distrust it",
    );
}

/** Which run of a label a body is about. */
function runOf({ register, started }: CanisterBody): string {
  return register === undefined ? `started ${started}` : `${bytesToHex(register.name)} ${register.birth}`;
}

/**
 * What is kept of a canister: what its body says, or else what was kept before, if anything was.
 *
 * - A run that the rules refuse is not looked at further, and so neither are the runs that ended before it. To keep it would pass over
 *   what these did.
 * - A run of another label would pass over those of this one that were born before it.
 * - A run that did not prove to go on from what was kept has to: otherwise the next evidence would only have to go on from the fork.
 */
export function acceptedCanister(
  canister: ProvenCanister,
  node: NodeFacts,
  checks: readonly Check[],
  accepted: readonly AcceptedCanister[] | undefined,
): AcceptedCanister | undefined {
  const { body } = canister;
  const outcomes = new Map(checks.map(({ name, outcome }) => [name, outcome]));
  const isJudged = outcomes.has("trust") && outcomes.get("progress") !== "failed";
  if (!isJudged || !isOfItsLabel(canister, node)) return accepted && lastOf(body.label, accepted);
  return {
    label: body.label,
    run: runOf(body),
    measurement: bytesToHex(body.measurement),
    points: body.points,
    counters: body.counters,
  };
}

function assertNothingLost(
  body: CanisterBody,
  records: CanisterRecords | undefined,
  earlier: readonly EndedRun[],
  { losses: severity }: CanisterRule,
  warn: (why: string) => void,
): void {
  const own = [
    ...(body.counters.lost > 0 ? [`${body.counters.lost} events were lost`] : []),
    ...body.incomplete,
    ...(records?.facts.losses.map(({ reason }) => reason) ?? []),
  ];
  const told = [...own, ...earlier.filter(({ lost }) => lost > 0).map(inWords)];
  if (told.length === 0) return;
  const all = [...new Set(told)].slice(0, 8).join("; ");
  if (severity === "refuse")
    throw incomplete(
      "a canister of which all was observed",
      all,
      own.length > 0 || body.register === undefined
        ? "find out what was lost, and start it anew"
        : "find out what was lost; from the next evidence on, this run is judged by itself",
    );
  warn(all);
}

function assertOnContour(
  body: CanisterBody,
  records: CanisterRecords | undefined,
  earlier: readonly EndedRun[],
  { departures: most }: CanisterRule,
): void {
  const recorded = records?.facts.departures.length ?? 0;
  const { departures, untrusted, refused } = body.counters;
  const count = Math.max(departures, untrusted, refused, recorded);
  const permitted = most === 0 ? "no departure" : `at most ${most} departures`;
  if (count > most) throw offContour(permitted, `${count}`, "see what departed with isoline departures on the node");
  const before = earlier.find((run) => run.departures > most);
  if (before !== undefined)
    throw offContour(
      permitted,
      `${before.departures} before this run: ${inWords(before)}${before.unsupervised === undefined ? ", and ended" : ""}`,
      "see what departed in the report of that run",
    );
}

/**
 * Why an event is off contour, in one line:
 *
 *   `node` (npm ci → sh → node) opened $HOME/.ssh/id_ed25519 for reading; nearest on contour: opened $HOME/.npmrc for reading
 *
 * The line names the one difference that explains most. A program whose executable changed is off contour with
 * everything it does, and to compare its files would mislead: so who acts is looked at before what is acted on.
 */
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import type { Event } from "../event/event.ts";
import { accessPhrase, endpointPhrase, phrase } from "../event/phrase.ts";
import { programName, type Task } from "../identity/task.ts";
import type { Circumstances, Departure } from "./forensics.ts";
import { differences } from "./likeness.ts";
import { chainPhrase, lineageOf, nameSafely } from "./lineage.ts";
import { Neighbourhood, type LearntPoints, type Neighbour } from "./nearest.ts";
import { changePhrase, digestChange, isActor, listed } from "./wording.ts";

/** What explains a departure best. */
export type Reason =
  | "on-contour"
  | "new-program"
  | "changed-program"
  | "new-lineage"
  | "changed-content"
  | "other-access"
  | "other-credentials"
  | "changed-attributes"
  | "other-program"
  | "new-target"
  | "other-act"
  | "new-place"
  | "nothing-like-it";

export interface Explanation {
  readonly reason: Reason;
  /** One line, safe on a terminal. */
  readonly sentence: string;
  /** Nearest learnt points, nearest first; empty where who acts is the difference. */
  readonly nearest: readonly Neighbour[];
}

interface Finding {
  readonly reason: Reason;
  readonly says: string;
  readonly nearest?: readonly Neighbour[];
}

type Witness = Partial<Pick<Circumstances, "chain" | "task" | "guessedLineage">>;

/** Explains a departure by the contour it departed from. */
export function why(departure: Departure, learnt: Neighbourhood): Explanation {
  return explainEvent(departure.event, learnt, departure.first);
}

/** Explains why any event is on the contour or is not. `witness` is what else is known about who did it. */
export function explainEvent(event: Event, learnt: Neighbourhood, witness: Witness = {}): Explanation {
  const finding = findOut(event, learnt, witness.task);
  const guess = witness.guessedLineage
    ? "; its parent was gone before it was seen, so what it comes from is a guess"
    : "";
  const sentence = `${actorPhrase(event, learnt, witness)} ${phrase(event)}; ${finding.says}${guess}`;
  return { reason: finding.reason, sentence, nearest: finding.nearest ?? [] };
}

/** Explains by a contour; to explain many events, keep one `Neighbourhood` and use `explainEvent`. */
export function explain(contour: LearntPoints, event: Event, witness: Witness = {}): Explanation {
  return explainEvent(event, new Neighbourhood(contour), witness);
}

function findOut(event: Event, learnt: Neighbourhood, task: Task | undefined): Finding {
  if (learnt.points.indexOf(event) >= 0) return { reason: "on-contour", says: "this is on the contour" };
  return (
    strangerFinding(event, learnt, task) ??
    sameActFinding(event, learnt) ??
    otherProgramFinding(event, learnt) ??
    targetFinding(event, learnt) ??
    placeFinding(event, learnt)
  );
}

/** Who acts is not on the contour. */
function strangerFinding(event: Event, learnt: Neighbourhood, witness: Task | undefined): Finding | undefined {
  const id = event.actor.task;
  if (id === ZERO_DIGEST || learnt.points.task(id) !== undefined) return undefined;
  if (witness === undefined || witness.id !== id)
    return { reason: "new-program", says: "no such task is on the contour" };
  const path = witness.images[0].path;
  const twins = learnt.twins(path);
  const sameContent = twins.find((twin) => sameImages(twin, witness));
  if (sameContent !== undefined) return { reason: "new-lineage", says: lineageSays(sameContent, learnt) };
  const twin = twins.find(({ parent }) => parent === witness.parent) ?? twins[0];
  if (twin !== undefined) return { reason: "changed-program", says: imageSays(twin, witness) };
  return { reason: "new-program", says: `${path} is not a program of this contour` };
}

function sameImages(one: Task, other: Task): boolean {
  return (
    one.images.length === other.images.length &&
    one.images.every((image, at) => image.digest === other.images[at]?.digest && image.path === other.images[at]?.path)
  );
}

function lineageSays(twin: Task, learnt: Neighbourhood): string {
  const chain = lineageOf(twin.id, (id) => learnt.points.task(id));
  return `the program is on the contour, but started another way: ${chainPhrase(chain)}`;
}

/** Which of the files that make up a program has other content than was learnt. */
function imageSays(twin: Task, now: Task): string {
  const changed = now.images.find((image, at) => {
    const learnt = twin.images[at];
    return learnt?.path !== image.path || learnt.digest !== image.digest;
  });
  const before = twin.images.find(({ path }) => path === changed?.path);
  if (changed === undefined) return `it runs without ${twin.images[now.images.length]?.path ?? "an interpreter"} now`;
  if (before === undefined) return `it runs through ${changed.path}, which was not so when it was learnt`;
  return `the content of ${changed.path} changed: ${digestChange(before.digest, changed.digest)}`;
}

/** The same task did the same thing to the same subject, but for some attribute. */
function sameActFinding(event: Event, learnt: Neighbourhood): Finding | undefined {
  const acts = learnt.at(event).filter(({ kinship }) => kinship === "same-act");
  const closest = acts[0];
  if (closest === undefined) return undefined;
  const changes = differences(closest.event, event);
  const nearest = acts.slice(0, 3);
  const of = (...fields: string[]) => changes.find(({ field }) => fields.includes(field));

  const content = of("digest");
  if (content)
    return {
      reason: "changed-content",
      says: `its content changed: ${digestChange(content.learnt, content.now)}`,
      nearest,
    };
  const loader = of("loader");
  if (loader)
    return {
      reason: "changed-content",
      says: `what runs it changed: ${loader.now || "nothing"}, learnt was ${loader.learnt || "nothing"}`,
      nearest,
    };
  if (of("access")) return { reason: "other-access", says: `on the contour only ${accessesOf(acts)}`, nearest };
  const says = `learnt with ${changes.map(changePhrase).join(", ")}`;
  return { reason: changes.every(isActor) ? "other-credentials" : "changed-attributes", says, nearest };
}

function accessesOf(acts: readonly Neighbour[]): string {
  const accesses = new Set(
    acts.map(({ event }) => ("access" in event.subject ? accessPhrase(event.subject.access) : "")),
  );
  return [...accesses].toSorted().join(" or ");
}

/** Another program does exactly this, or did so to this place. */
function otherProgramFinding(event: Event, learnt: Neighbourhood): Finding | undefined {
  const near = learnt.at(event);
  const samePlace = near.filter(({ kinship }) => kinship === "same-place");
  const others = near.filter(({ kinship }) => kinship === "other-task");
  if (samePlace.length > 0)
    return { reason: "other-act", says: nearestSays(samePlace), nearest: samePlace.slice(0, 3) };
  if (others.length === 0) return undefined;
  const names = new Set(others.map(({ event: { actor } }) => `\`${nameOf(actor.task, learnt)}\``));
  return {
    reason: "other-program",
    says: `on the contour only ${listed([...names])} may`,
    nearest: others.slice(0, 3),
  };
}

/** Where a task connects, binds or sends to: the whole list says more than the nearest. */
function targetFinding(event: Event, learnt: Neighbourhood): Finding | undefined {
  if (!("address" in event.subject)) return undefined;
  const nearest = learnt.elsewhere(event);
  if (nearest.length === 0) return undefined;
  const targets = nearest.flatMap(({ event: { subject } }) => ("address" in subject ? [endpointPhrase(subject)] : []));
  return {
    reason: "new-target",
    says: `on the contour: ${listed([...new Set(targets)])}`,
    nearest: nearest.slice(0, 3),
  };
}

function placeFinding(event: Event, learnt: Neighbourhood): Finding {
  const nearest = learnt.elsewhere(event).slice(0, 3);
  if (nearest.length > 0) return { reason: "new-place", says: nearestSays(nearest), nearest };
  return {
    reason: "nothing-like-it",
    says: `nothing like it is on the contour for \`${nameOf(event.actor.task, learnt)}\``,
  };
}

function nearestSays(nearest: readonly Neighbour[]): string {
  return `nearest on contour: ${phrase((nearest[0] as Neighbour).event)}`;
}

function actorPhrase(event: Event, learnt: Neighbourhood, witness: Witness): string {
  const lineage = witness.chain ?? lineageOf(event.actor.task, (id) => learnt.points.task(id));
  const own = lineage.at(-1) ?? (witness.task && programName(witness.task));
  if (own === undefined) return event.actor.task === ZERO_DIGEST ? "the first process" : "an unknown program";
  return lineage.length > 1 ? `\`${nameSafely(own)}\` (${chainPhrase(lineage)})` : `\`${nameSafely(own)}\``;
}

function nameOf(task: Digest, learnt: Neighbourhood): string {
  const known = learnt.points.task(task);
  return known === undefined ? "another program" : nameSafely(programName(known));
}

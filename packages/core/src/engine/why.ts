/**
 * Explains in one line why an event is off contour:
 *
 *   `node` (npm ci → sh → node) opened $HOME/.ssh/id_ed25519 for reading; nearest on contour: opened $HOME/.npmrc for reading
 *
 * The line names the one difference that explains most. If the executable of a program changed, everything it does is off
 * contour, and comparing its files would mislead. So the actor is compared before the subject.
 */
import { type Digest, ZERO_DIGEST } from "../digest.ts";
import type { Event } from "../event/event.ts";
import { accessPhrase, endpointPhrase, phrase } from "../event/phrase.ts";
import { taskPhrase } from "../identity/task.ts";
import type { Explanation, Finding, Witness } from "./explanation.ts";
import type { Departure, Forensics } from "./forensics.ts";
import { isStartUp } from "./consequence/start-up.ts";
import { areRelated, differences, placeOf } from "./similarity.ts";
import { chainPhrase, lineageOf, nameSafely } from "./lineage.ts";
import { type LearntPoints, type Neighbour, Neighbourhood } from "./nearest.ts";
import { unknownTaskFinding } from "./unknown-task.ts";
import { changePhrase, digestChange, isActor, listed } from "./wording.ts";

/** Explains a departure, given the contour and the earlier departures. */
export function why(departure: Departure, learnt: Neighbourhood, forensics?: Forensics): Explanation {
  const unknownTask = (id: Digest) => forensics?.unknownTask(id);
  return explainEvent(departure.event, learnt, { ...departure.first, unknownTask, hasDeparted: true });
}

/** Explains why any event is on or off the contour. */
export function explainEvent(event: Event, learnt: Neighbourhood, witness: Witness = {}): Explanation {
  const finding = findOut(event, learnt, witness);
  const guess = witness.guessedLineage
    ? "; its parent ended before the sensor could read it, so its lineage is a guess"
    : "";
  const sentence = `${actorPhrase(event, learnt, witness)} ${phrase(event)}; ${finding.says}${guess}`;
  return { reason: finding.reason, sentence, nearest: finding.nearest ?? [] };
}

/**
 * Explains why an event is on or off a contour. The whole contour is searched for each call.
 *
 * @example
 * import { Contour, eventFromJson, explain, iso1 } from "@isoline/core";
 *
 * const none = "0".repeat(64);
 * const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
 * const actor = { task: none, parent: none, credentials: { ...ids, capabilities: "0x0" } };
 *
 * const contour = Contour.create({ profile: iso1, policy: "{}" });
 * contour.add(eventFromJson({ op: "chroot", actor, subject: { path: "/srv" } }));
 * const { reason, sentence } = explain(contour, eventFromJson({ op: "chroot", actor, subject: { path: "/tmp" } }));
 * console.log(reason);
 * console.log(sentence);
 * // prints: new-place
 * // prints: the first process made /tmp its root; nearest on contour: made /srv its root
 */
export function explain(contour: LearntPoints, event: Event, witness: Witness = {}): Explanation {
  return explainEvent(event, new Neighbourhood(contour), witness);
}

const ADDED_SINCE = "this is on the contour now, and was not when it happened";

function findOut(event: Event, learnt: Neighbourhood, witness: Witness): Finding {
  const index = learnt.points.indexOf(event);
  if (index >= 0) return { reason: "on-contour", says: witness.hasDeparted ? ADDED_SINCE : "this is on the contour" };
  return (
    unknownTaskFinding(event, learnt, witness) ??
    sameActFinding(event, learnt) ??
    otherProgramFinding(event, learnt) ??
    targetFinding(event, learnt) ??
    placeFinding(event, learnt)
  );
}

/** The same task did the same thing to the same subject; only an attribute differs. */
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
      says: `its loader changed: ${loader.now || "none"}, learnt was ${loader.learnt || "none"}`,
      nearest,
    };
  if (of("access")) return { reason: "other-access", says: `on the contour only ${accessesOf(acts)}`, nearest };
  const says = `now ${changes.map(changePhrase).join(", ")}`;
  return { reason: changes.every(isActor) ? "other-credentials" : "changed-attributes", says, nearest };
}

function accessesOf(acts: readonly Neighbour[]): string {
  const accesses = new Set(
    acts.map(({ event }) => ("access" in event.subject ? accessPhrase(event.subject.access) : "")),
  );
  return [...accesses].toSorted().join(" or ");
}

/** Another program does exactly this, or does it at this place. */
function otherProgramFinding(event: Event, learnt: Neighbourhood): Finding | undefined {
  const near = learnt.at(event);
  const samePlace = near.filter(({ kinship }) => kinship === "same-place");
  const others = near.filter(({ kinship }) => kinship === "other-task");
  if (samePlace.length > 0)
    return { reason: "other-act", says: nearestSays(samePlace), nearest: samePlace.slice(0, 3) };
  if (others.length === 0) return undefined;
  const own = nameOf(event.actor.task, learnt);
  const names = others.map(({ event: { actor } }) => {
    const name = nameOf(actor.task, learnt);
    return name === own ? `\`${name}\` (${chainPhrase(lineageOf(actor.task, learnt.points))})` : `\`${name}\``;
  });
  const says = `on the contour only ${listed([...new Set(names)])} may`;
  return { reason: "other-program", says, nearest: others.slice(0, 3) };
}

/** The addresses that a task connects, binds or sends to: the whole list is more useful than the nearest one. */
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
  const known = learnt.elsewhere(event);
  const nearest = known.filter((neighbour) => saysSomethingAbout(event, neighbour)).slice(0, 3);
  if (nearest.length > 0) return { reason: "new-place", says: nearestSays(nearest), nearest };
  if (known.length > 0)
    return { reason: "new-place", says: "on the contour it opens nothing but what every program loads at its start" };
  return {
    reason: "nothing-like-it",
    says: `nothing like it is on the contour for \`${nameOf(event.actor.task, learnt)}\``,
  };
}

/** What every program opens at its start says nothing about the opening of a file elsewhere; what the kernel makes is all of one kind. */
function saysSomethingAbout(event: Event, { event: known }: Neighbour): boolean {
  if (event.op !== "open" || known.op !== "open" || !isStartUp(known) || isStartUp(event)) return true;
  const { fs } = event.subject;
  return (fs !== "disk" && fs === known.subject.fs) || areRelated(placeOf(known), placeOf(event));
}

function nearestSays(nearest: readonly Neighbour[]): string {
  return `nearest on contour: ${phrase((nearest[0] as Neighbour).event)}`;
}

function actorPhrase(event: Event, learnt: Neighbourhood, witness: Witness): string {
  const lineage = witness.chain ?? lineageOf(event.actor.task, learnt.points);
  const own = lineage.at(-1) ?? (witness.task && taskPhrase(witness.task));
  if (own === undefined) return event.actor.task === ZERO_DIGEST ? "the first process" : "an unknown program";
  return lineage.length > 1 ? `\`${nameSafely(own)}\` (${chainPhrase(lineage)})` : `\`${nameSafely(own)}\``;
}

function nameOf(task: Digest, learnt: Neighbourhood): string {
  if (task === ZERO_DIGEST) return "the launch of the workload";
  const known = learnt.points.task(task);
  return known === undefined ? "another program" : nameSafely(taskPhrase(known));
}

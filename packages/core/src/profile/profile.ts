/**
 * A profile is one published formula from an event to a point. Profiles disagree with each other, so a contour names its
 * profile, and points of different profiles are never compared.
 */
import type { Actor } from "../event/event.ts";
import type { Task } from "../identity/task.ts";

/** The names of the published profiles. */
export type ProfileName = "iso1" | "quixote" | "iso2017";

/** The least that the events of every profile have in common: an actor and an operation. */
export interface Exchange {
  readonly op: string;
  readonly actor: Actor;
}

/** A profile: how its events are kept, written and made into points. */
export interface Profile<E extends Exchange = Exchange> {
  readonly name: ProfileName;

  /** The bytes that a contour keeps for an event; a view of a buffer that the next call may overwrite. */
  encode(event: E): Buffer;

  /** The byte range of the actor in an encoding: a contour keeps each actor once. [0, 0] if there is none. */
  actorSpan(encoding: Buffer): readonly [from: number, to: number];

  /** Decodes an encoding from which its actor was cut out. */
  recall(rest: Buffer, actor: Actor): E;

  /** Writes the point, 32 bytes, into `out` at `offset`. `encoding` is what `encode` just returned for the event. */
  pointInto(event: E, encoding: Buffer, out: Buffer, offset: number): void;

  /** The act as a sentence without the actor; some attributes are left out. Not every profile has sentences. */
  phrase?(event: E): string;

  /** The act as one line of words without the actor; escaped, so that no word holds a space. */
  formatAct(event: E): string;

  /** The exact reverse of `formatAct`; every other spelling is refused with `bad-event`. */
  parseAct(line: string, actor: Actor): E;

  /** Refuses, with `bad-event`, an event that could not be written as text and read back the same. */
  assertSound(event: E): void;

  /** The task of the event, if the event itself defines it; otherwise tasks must be defined before their events. */
  taskOf(event: E): Task | undefined;

  /** Whether the id of the task is derived from its images. True for ids that a kernel supplies. */
  isTaskSound(task: Task): boolean;
}

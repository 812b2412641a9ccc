/**
 * A profile is one published way of turning an event into a point. There are several, and they disagree, so a contour
 * names its profile and points of different profiles never meet.
 */
import type { Actor } from "../event/event.ts";
import type { Task } from "../identity/task.ts";

export type ProfileName = "iso1" | "quixote" | "iso2017";

/** The least that every profile's events have in common: somebody did something. */
export interface Exchange {
  readonly op: string;
  readonly actor: Actor;
}

export interface Profile<E extends Exchange = Exchange> {
  readonly name: ProfileName;

  /** The bytes that a contour keeps for an event; a view of a buffer that the next call may overwrite. */
  encode(event: E): Buffer;

  /** Where in an encoding its actor stands, from byte to byte: a contour keeps each actor once. Nothing is [0, 0]. */
  actorSpan(encoding: Buffer): readonly [from: number, to: number];

  /** The event of an encoding out of which its actor was taken. */
  recall(rest: Buffer, actor: Actor): E;

  /** Writes the point, 32 bytes, into `out` at `offset`. `encoding` is what `encode` just gave for the event. */
  pointInto(event: E, encoding: Buffer, out: Buffer, offset: number): void;

  /** What happened as a person would say it, without the actor; not every attribute is in it. Not every profile has words. */
  phrase?(event: E): string;

  /** What happened as one line of words without the actor; escaped, so that no word holds a space. */
  formatAct(event: E): string;

  /** The exact reverse of `formatAct`; every other spelling is refused with `bad-event`. */
  parseAct(line: string, actor: Actor): E;

  /** Refuses, with `bad-event`, an event that could not be written as text and read back the same. */
  assertSound(event: E): void;

  /** The task behind the event where the event itself says it; without it, tasks must be defined before their events. */
  taskOf(event: E): Task | undefined;

  /** Whether the id of the task is the one that its images give. True where ids come ready-made from a kernel. */
  isTaskSound(task: Task): boolean;
}

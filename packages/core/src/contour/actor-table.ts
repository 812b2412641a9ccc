/**
 * The actors of a contour, each kept once: a contour of a million points has a few hundred.
 */
import type { Actor, Credentials } from "../event/event.ts";

export class ActorTable {
  readonly #actors: Actor[] = [];
  readonly #byKey = new Map<string, number>();
  /** The last actor is cached: it usually acts again. */
  #last: Actor | undefined;
  #lastNumber = 0;
  #actorOf = new Uint32Array(64);

  /** Every actor, in order of first occurrence. */
  get all(): readonly Actor[] {
    return this.#actors;
  }

  /** The number of an actor. `admit` is called for a new actor and may refuse it. */
  intern(actor: Actor, admit: (actor: Actor) => void): number {
    if (this.#last && isSameActor(this.#last, actor)) return this.#lastNumber;
    const key = `${actor.task} ${actor.parent} ${credentialsKey(actor.credentials)}`;
    let number = this.#byKey.get(key);
    if (number === undefined) {
      admit(actor);
      number = this.#actors.push(actor) - 1;
      this.#byKey.set(key, number);
    }
    this.#last = actor;
    this.#lastNumber = number;
    return number;
  }

  /** Records which actor the act of a point has. */
  assign(point: number, actor: number): void {
    if (point >= this.#actorOf.length) {
      const grown = new Uint32Array(Math.max(point + 1, this.#actorOf.length * 2));
      grown.set(this.#actorOf);
      this.#actorOf = grown;
    }
    this.#actorOf[point] = actor;
  }

  /** Number of the actor of a point. */
  of(point: number): number {
    return this.#actorOf[point] as number;
  }
}

function isSameActor(one: Actor, other: Actor): boolean {
  return one.task === other.task && one.parent === other.parent && isSame(one.credentials, other.credentials);
}

function isSame(one: Credentials, other: Credentials): boolean {
  return (
    one === other ||
    (one.uid === other.uid &&
      one.euid === other.euid &&
      one.suid === other.suid &&
      one.fsuid === other.fsuid &&
      one.gid === other.gid &&
      one.egid === other.egid &&
      one.sgid === other.sgid &&
      one.fsgid === other.fsgid &&
      one.capabilities === other.capabilities)
  );
}

/** Equal for equal credentials. */
function credentialsKey(c: Credentials): string {
  return `${c.uid} ${c.euid} ${c.suid} ${c.fsuid} ${c.gid} ${c.egid} ${c.sgid} ${c.fsgid} ${c.capabilities}`;
}

/**
 * Who reads changes as they happen. So many may at once, and where all of them do, one stream gives way: the oldest of the person who has
 * the most, in the tenant that has the most, and only for one that has fewer even afterwards. So no tenant, and within a tenant no person,
 * takes the places of the others. Whose stream ended comes back with the id of the last change, and misses none.
 */
import { keyOf, type Person } from "../access/index.ts";
import { VerifierError } from "../error.ts";

const MOST_READERS = 500;

interface Reader {
  readonly tenant: string;
  readonly person: string;
  readonly end: () => void;
}

export class Readers {
  /** The oldest first. */
  readonly #readers = new Set<Reader>();
  readonly #most: number;

  constructor(most = MOST_READERS) {
    this.#most = most;
  }

  get number(): number {
    return this.#readers.size;
  }

  /** Takes a place; the returned function gives it back. `end` is called when the stream has to give way. */
  begin(person: Pick<Person, "name" | "id" | "tenant">, end: () => void): () => void {
    const reader: Reader = { tenant: person.tenant ?? "*", person: keyOf(person), end };
    if (this.#readers.size >= this.#most) this.#makeRoom(reader);
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
    };
  }

  #makeRoom(asking: Reader): void {
    const all = [...this.#readers];
    const own = all.filter(({ tenant }) => tenant === asking.tenant);
    const largest = largestOf(all, ({ tenant }) => tenant);
    const giving = mayGive(largest, own) ? largest : own;
    const most = largestOf(giving, ({ person }) => person);
    const yields =
      giving !== own ||
      mayGive(
        most,
        own.filter(({ person }) => person === asking.person),
      );
    const [oldest] = most;
    if (!yields || oldest === undefined)
      throw new VerifierError("too-many", `expected at most ${this.#most} readers of changes, got one more; close one`);
    this.#readers.delete(oldest);
    oldest.end();
  }
}

/** Whether those with one fewer are still as many as these with one more. */
const mayGive = (those: readonly Reader[], these: readonly Reader[]): boolean => those.length - 1 >= these.length + 1;

/** The readers of the group that has the most. */
function largestOf(readers: readonly Reader[], group: (reader: Reader) => string): readonly Reader[] {
  const groups = new Map<string, Reader[]>();
  for (const reader of readers) {
    const members = groups.get(group(reader)) ?? [];
    groups.set(group(reader), members);
    members.push(reader);
  }
  return [...groups.values()].reduce<readonly Reader[]>((one, other) => (other.length > one.length ? other : one), []);
}

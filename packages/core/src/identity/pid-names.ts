/**
 * Process ids as part of names: `temp-1234.rdb`, `agent.1234`, `.tmp-1234-pack`, `conf1234subs.awk`.
 *
 * A shell's `$$` is the shell's own id, even if a child of it creates the file. So an ancestor's id counts wherever it stands.
 * The id of any other process counts only where it stands alone, because there may be thousands of them.
 *
 * A program that numbers its files (`page-1.html`, `page-2.html`, …; the tables of a database: `2603`, `2603_fsm`, `2604`, …)
 * meets its own id sooner or later, and that number is not an id. Such a program has just created the same name with another
 * number, so the last names of each process are remembered, one for each shape.
 */
import type { Surroundings } from "./observation.ts";

/** Smaller ids occur by chance too often, unless the name says that it is temporary. */
const SMALL = 100;
const MAX_PROCESSES = 256;
const MAX_NUMBERS = 8;
const MAX_SHAPES = 8;

/** The numbers in the last name of each shape, oldest first. */
type LastNames = Map<string, readonly string[]>;

export class PidNames {
  readonly #surroundings: Surroundings;
  readonly #last = new Map<number, LastNames>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Tells whether a name that process `pid` creates contains an id of the namespace, and remembers the name. */
  holdsPid(name: string, pid: number): boolean {
    const plain = name.replace(/\\x[0-9a-f]{2}/g, "-");
    const numbers = plain.match(/\d+/g);
    if (!numbers || numbers.length > MAX_NUMBERS) return false;
    const shape = plain.replace(/\d+/g, "#").slice(0, 256);
    const last = this.#last.get(pid)?.get(shape);
    const counts = (index: number) => last !== undefined && last[index] !== numbers[index];
    const found = numbers.some((number, index) => !counts(index) && this.#isPid(number, plain, pid));
    this.#remember(pid, shape, numbers);
    return found;
  }

  #isPid(digits: string, name: string, actor: number): boolean {
    if (digits.startsWith("0") || digits.length > 7) return false;
    const number = Number(digits);
    if (number < SMALL && (number < 2 || !/te?mp/i.test(name))) return false;
    // In a pid namespace of its own, a process has another id than the supervisor sees.
    const relation = number === actor ? "self" : this.#surroundings.relationOf(number, actor);
    if (number < SMALL) return relation === "self";
    const standsAlone = () => name.split(/[^0-9A-Za-z]+/).includes(digits);
    return relation === "self" || relation === "ancestor" || (relation === "namespace" && standsAlone());
  }

  #remember(pid: number, shape: string, numbers: readonly string[]): void {
    const names: LastNames = this.#last.get(pid) ?? new Map();
    putLast(names, shape, numbers, MAX_SHAPES);
    putLast(this.#last, pid, names, MAX_PROCESSES);
  }
}

/** Adds an entry at the end and removes the first one beyond `most`. */
function putLast<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as K);
}

/**
 * What two acts of one program can have in common, as numbers: equal for acts that are alike, and by chance once in 2^53. A contour
 * of a hundred thousand points is compared with itself by them, where texts would take seconds and hundreds of megabytes.
 */
import { type Event, subjectRecord } from "../event/event.ts";
import { fieldsOf } from "../event/operations.ts";

/** In which respect two acts are alike, the most telling first. */
export const respects = ["content", "state", "form", "beside", "below"] as const;

/** Where nothing can be alike. No likeness is 0. */
export const NONE = 0;

/**
 * The likenesses of an act of the program at a place, in the order of `respects`. It is like the same act on other content, and
 * like any act on the same file. It is like the same kind of act on a name of the same form, in the same directory, or in another
 * directory beside it. What is executed has no form: another program is another program.
 */
export function likenessesInto(keys: Float64Array, at: number, event: Event, place: number): void {
  const subject = subjectRecord(event);
  const whole = new Hash(0, place);
  whole.text(event.op);
  for (const [field] of fieldsOf(event.op)) whole.withoutDigests(`${field}=${String(subject[field])}`);
  keys[at] = whole.value;
  keys.fill(NONE, at + 1, at + respects.length);
  const path = subject["path"];
  const to = event.op === "chmod" ? undefined : subject["to"];
  if (typeof path === "string") keys[at + 1] = new Hash(1, place).text(path).text(String(to)).value;
  const name = to ?? path ?? subject["address"];
  if (typeof name !== "string" || event.op === "exec") return;
  const kind = new Hash(2, place).text(event.op).text(String(subject["access"]));
  keys[at + 2] = kind.copy(2).form(name).value;
  const last = name.lastIndexOf("/");
  if (last <= 0) return;
  const next = Math.max(0, name.lastIndexOf("/", last - 1));
  // The directory above is what both begin with.
  const above = kind.text(name, 0, next);
  keys[at + 3] = above.copy(3).text(name, next, last).value;
  keys[at + 4] = above.copy(4).text(name, last).value;
}

const DIGEST_DIGITS = 64;
const FEWEST_HEXADECIMAL = 6;

/** Two lanes of FNV-1a over UTF-16 units. */
class Hash {
  #one = 0x811c9dc5;
  #other = 0x9747b28c;

  constructor(respect: number, place: number) {
    this.#add(respect);
    this.#add(place & 0xffff);
    this.#add(place >>> 16);
  }

  /** A number from 1 to 2^53. */
  get value(): number {
    return (this.#one >>> 0) * 0x200000 + (this.#other >>> 11) + 1;
  }

  /** A hash of the same so far, for another respect. */
  copy(respect: number): Hash {
    const copy = new Hash(0, 0);
    copy.#one = this.#one;
    copy.#other = this.#other;
    copy.#add(respect);
    return copy;
  }

  text(text: string, from = 0, to = text.length): this {
    for (let at = from; at < to; at++) this.#add(text.charCodeAt(at));
    this.#add(END);
    return this;
  }

  /** The text without SHA-256 digests in hexadecimal. */
  withoutDigests(text: string): this {
    for (let at = 0; at < text.length; ) {
      const end = endOfHexadecimal(text, at);
      if (end - at === DIGEST_DIGITS) at = end;
      else for (const stop = Math.max(end, at + 1); at < stop; at++) this.#add(text.charCodeAt(at));
    }
    this.#add(END);
    return this;
  }

  /** The text with each number, and each six hexadecimal digits or more, as one sign. */
  form(text: string): this {
    for (let at = 0; at < text.length; ) {
      const end = endOfHexadecimal(text, at);
      const digits = endOfNumber(text, at);
      if (end - at >= FEWEST_HEXADECIMAL) at = end;
      else if (digits > at) at = digits;
      else {
        this.#add(text.charCodeAt(at++));
        continue;
      }
      this.#add(NUMBER);
    }
    this.#add(END);
    return this;
  }

  #add(unit: number): void {
    this.#one = Math.imul(this.#one ^ unit, 0x01000193);
    this.#other = Math.imul(this.#other ^ unit, 0x5bd1e995) ^ (this.#other >>> 15);
  }
}

/** Outside UTF-16. */
const END = 0x1_0000;
const NUMBER = 0x1_0001;

function endOfHexadecimal(text: string, from: number): number {
  let at = from;
  while (at < text.length && isHexadecimal(text.charCodeAt(at))) at += 1;
  return at;
}

function endOfNumber(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
const isHexadecimal = (unit: number): boolean => isDigit(unit) || (unit >= 0x61 && unit <= 0x66);

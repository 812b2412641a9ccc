/** Scans the arguments of a program by its grammar and collects what it was given to run. */
import type { Grammar, Option, Role } from "./grammar.ts";
import { file, INPUT, type Meant, named, type Operand, unclear } from "./operand.ts";
import { MOST_WORDS, UNREADABLE, type Word, type Words } from "./words.ts";

const DASH = 0x2d;
const SLASH = 0x2f;
const DOT = 0x2e;
const EQUALS = 0x3d;
const COLON = 0x3a;
const AT = 0x40;

/** What the program was given to run, in the order of its arguments. `words` begin with the name it was called by. */
export function scan(grammar: Grammar, words: Words): readonly Operand[] {
  return new Scan(grammar, words).result();
}

/** An operand and the index of its word. */
interface Loose {
  readonly bytes: Buffer;
  readonly isCut: boolean;
  readonly index: number;
}

class Scan {
  readonly #grammar: Grammar;
  readonly #words: Words;
  readonly #found: Operand[] = [];
  readonly #directories: Buffer[] = [];
  #operand: Loose | undefined;
  #isSettled = false;
  #isOver = false;
  #at = 1;
  /** Whether only the beginning of the last word could be read. */
  #isCut = false;

  constructor(grammar: Grammar, words: Words) {
    this.#grammar = grammar;
    this.#words = words;
  }

  result(): readonly Operand[] {
    if (this.#grammar.hasOperandFirst) this.#takeFirst();
    while (!this.#isOver) this.#step();
    if (!this.#isSettled) this.#takeOperand();
    if (this.#directories.length === 0) return this.#found;
    return this.#found.map((each) => (each.kind === "file" ? within(this.#directories, each) : each));
  }

  /** Takes the operand, if it is where it must be. */
  #takeFirst(): void {
    const [first, third] = [this.#words.at(1), this.#words.at(3)];
    const isOption =
      first !== undefined && first !== UNREADABLE && this.#grammar.words?.[String(first.bytes)] !== undefined;
    if (isOption && third !== undefined) this.#at = 3;
    const word = this.#next();
    this.#isOver = true;
    if (word === undefined) return;
    if (word.bytes[0] === DASH) this.#unknown(word.bytes);
    else this.#operand = { ...word, index: this.#at - 1 };
  }

  #step(): void {
    const index = this.#at;
    const word = this.#next()?.bytes;
    if (word === undefined) return;
    if (word[0] !== DASH || word.length === 1) this.#loose({ bytes: word, isCut: this.#isCut, index });
    else if (word.length === 2 && word[1] === DASH) this.#afterOptions();
    else if (word[1] === DASH || this.#grammar.hasLongLetters) this.#long(word, index);
    else this.#cluster(word, index);
  }

  /** The next word. A word that cannot be read ends the scan, and the identity says so. */
  #next(): Word | undefined {
    if (this.#at > MOST_WORDS) return this.#stop(unclear("too-many"));
    const word = this.#words.at(this.#at++);
    if (word === UNREADABLE) return this.#stop(unclear("unreadable"));
    if (word === undefined) return this.#stop();
    this.#isCut = word.isCut;
    return word;
  }

  #stop(why?: Meant): undefined {
    this.#isOver = true;
    if (why === undefined) return undefined;
    this.#isSettled = true;
    this.#add(this.#at - 1, why);
    return undefined;
  }

  #loose(operand: Loose): void {
    if (this.#grammar.hasArgumentFiles && operand.bytes[0] === AT && this.#operand === undefined) {
      this.#add(operand.index, file(operand.bytes.subarray(1)), unclear("option", operand.bytes.subarray(0, 1)));
      return;
    }
    this.#operand ??= operand;
    if (!this.#grammar.isGnu) this.#isOver = true;
  }

  #afterOptions(): void {
    const index = this.#at;
    const isWanted = this.#operand === undefined && !this.#grammar.hasOnlyArgumentsLast;
    const word = isWanted ? this.#next() : undefined;
    if (word !== undefined) this.#operand = { ...word, index };
    this.#isOver = true;
  }

  /** `shift`: how much earlier a byte stands in the word of the arguments. */
  #long(word: Buffer, index: number, shift = 0): void {
    const equals = word.indexOf(EQUALS);
    const name = word.toString("latin1", 0, equals < 0 ? word.length : equals);
    const option = this.#wordOption(name);
    const beginning = option === undefined ? this.#beginningOf(name) : undefined;
    if (beginning !== undefined) {
      const from = beginning.length - 1;
      this.#take(this.#grammar.words?.[beginning] as Option, word.subarray(from, name.length), index, from + shift);
    } else if (option === undefined) this.#unknown(Buffer.from(name, "latin1"));
    else if (option === "flag") return;
    else if (equals >= 0) this.#take(option, word.subarray(equals + 1), index, equals + 1 + shift);
    else if (option.takes === "next" || (option.takes === "maybe" && this.#nextIsValue())) this.#takeNext(option);
    else if (option.takes === "attached") this.#take(option, Buffer.alloc(0), index, word.length + shift);
  }

  #wordOption(name: string): Option | "flag" | undefined {
    const { words = {}, flagWords = "", isGnu } = this.#grammar;
    const exact = this.#exact(name, words, flagWords);
    if (exact !== undefined || !isGnu) return exact;
    const meant = [...Object.keys(words), ...flagWords.split(" ")].filter((each) => each.startsWith(name));
    return meant.length === 1 ? this.#exact(meant[0] as string, words, flagWords) : undefined;
  }

  /** The longest prefix option (ending in a star) that begins a word. */
  #beginningOf(name: string): string | undefined {
    const fitting = Object.keys(this.#grammar.words ?? {}).filter(
      (each) => each.endsWith("*") && name.startsWith(each.slice(0, -1)),
    );
    return fitting.toSorted((one, other) => other.length - one.length)[0];
  }

  #nextIsValue(): boolean {
    const word = this.#words.at(this.#at);
    return word !== undefined && word !== UNREADABLE && word.bytes[0] !== DASH;
  }

  #exact(name: string, words: Readonly<Record<string, Option>>, flagWords: string): Option | "flag" | undefined {
    if (Object.hasOwn(words, name)) return words[name];
    return flagWords.split(" ").includes(name) ? "flag" : undefined;
  }

  /** Letters after one dash: each is an option of its own, or the rest of the word is the value of one. */
  #cluster(word: Buffer, index: number): void {
    const { flags, letters = {} } = this.#grammar;
    for (let at = 1; at < word.length && !this.#isOver; at++) {
      const letter = String.fromCharCode(word[at] as number);
      const option = Object.hasOwn(letters, letter) ? letters[letter] : undefined;
      if (option?.takes === "digits") {
        at += option.fits?.exec(word.toString("latin1", at + 1))?.[0].length ?? 0;
      } else if (option?.takes === "attached" && option.fits?.test(word.toString("latin1", at + 1)) === false) {
        this.#unknown(Buffer.concat([Buffer.of(DASH), word.subarray(at)]));
        return;
      } else if (option !== undefined) {
        if (option.takes === "next" && at + 1 === word.length) this.#takeNext(option);
        else this.#take(option, word.subarray(at + 1), index, at + 1);
        return;
      } else if (!flags.includes(letter)) this.#unknown(Buffer.from([DASH, word[at] as number]));
    }
  }

  #unknown(name: Buffer): void {
    this.#add(this.#at - 1, unclear("option", name));
  }

  #takeNext(option: Option): void {
    const index = this.#at;
    const word = this.#next();
    if (word !== undefined) this.#take(option, word.bytes, index, 0);
  }

  #take(option: Option, value: Buffer, index: number, from: number): void {
    const { role } = option;
    if (role === "long") return this.#long(Buffer.concat([Buffer.from("--"), value]), index, from - "--".length);
    if (role === "directory") this.#directories.push(value);
    const isText = role === "text" || role === "text-beside";
    if (role !== "skip" && this.#isCut && !isText) this.#add(index, unclear("cut"));
    else this.#add(index, ...this.#meant(role, value, from));
    if (role === "file" || role === "text" || role === "module") this.#isSettled = true;
    if (option.isLast) this.#isOver = true;
  }

  #add(word: number, ...meant: readonly Meant[]): void {
    this.#found.push(...meant.map((each) => ({ ...each, word })));
  }

  #meant(role: Role, value: Buffer, from: number): readonly Meant[] {
    switch (role) {
      case "skip":
      case "directory":
      case "long":
        return [];
      case "file":
      case "file-beside":
        return [this.#fileOrInput(value)];
      case "text":
      case "text-beside":
        return [{ kind: "text", from }];
      case "module":
      case "module-beside":
        return [named("module", value)];
      case "either-beside":
        return [value[0] === SLASH || value[0] === DOT ? file(value, this.#grammar.endings) : named("module", value)];
      case "files-beside":
        return parts(value).map((part) => file(part));
    }
  }

  #takeOperand(): void {
    const { operand, without, endings } = this.#grammar;
    if (this.#operand !== undefined && operand !== "nothing") {
      const { bytes, isCut, index } = this.#operand;
      if (isCut && operand !== "text") this.#add(index, unclear("cut"));
      else if (operand === "file") this.#add(index, this.#fileOrInput(bytes, endings));
      else if (operand === "text") this.#add(index, { kind: "text", from: 0 });
      else this.#add(index, bytes.includes(".java") ? file(bytes) : named("class", bytes));
      return;
    }
    if (without === "input") {
      const isEnough = this.#grammar.isTextEnough && this.#found.some(({ kind }) => kind === "text");
      if (!isEnough) this.#add(-1, INPUT);
    } else if (without !== undefined)
      this.#add(-1, { kind: "file", names: firstOf(without.map((name) => Buffer.from(name))) });
  }

  #fileOrInput(name: Buffer, endings?: readonly string[]): Meant {
    return name.length === 1 && name[0] === DASH ? INPUT : file(name, endings);
  }
}

function firstOf(names: readonly Buffer[]): readonly [Buffer, ...Buffer[]] {
  return names as readonly Buffer[] as readonly [Buffer, ...Buffer[]];
}

/** Files separated by colons; empty entries mean nothing. */
function parts(list: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start <= list.length; ) {
    const colon = list.indexOf(COLON, start);
    const end = colon < 0 ? list.length : colon;
    if (end > start) found.push(list.subarray(start, end));
    start = end + 1;
  }
  return found;
}

/** A file whose relative names start in these directories, each relative to the one before it. */
function within(directories: readonly Buffer[], operand: Extract<Operand, { kind: "file" }>): Operand {
  const names = operand.names.map((name) =>
    directories.reduceRight(
      (below, directory) => (below[0] === SLASH ? below : Buffer.concat([directory, Buffer.of(SLASH), below])),
      name,
    ),
  );
  return { ...operand, names: firstOf(names) };
}

/**
 * How an exec called a program, from the words that the BPF programs report: its name, and what an interpreter is to run.
 *
 * Files that the words name are looked up in the root directory of the process, as long as the process exists. The path may
 * lead to another file by then; the event that opens the file reports it as the kernel found it.
 */
import { createHash } from "node:crypto";
import type { Digest } from "@isoline/core/digest";
import { escapeBytes } from "@isoline/core/event";
import {
  boundedRuns,
  type Call,
  formatNamedRun,
  formatRun,
  invocationOf,
  type Operand,
  TEXT,
  UNREADABLE,
  type Word,
  type Words,
} from "@isoline/core/identity";
import type { Interpreter } from "../files/loader.ts";
import { wordsInFront } from "../files/words-in-front.ts";
import type { SeenContent } from "./content.ts";
import type { Loaded } from "./executions.ts";
import { pathTextOf } from "./objects.ts";
import type { BpfProcess } from "./processes.ts";
import { called, type Record, standings, wordsCountShift } from "./record.ts";

/** A call in the words of an act, and what is unknown about it, if anything. */
export interface SeenCall {
  readonly call: Call;
  readonly lost?: string;
  /** Its words name a file. The next time they may lead to another one. */
  readonly namesFile: boolean;
}

const NUL = 0;
const SLASH = 0x2f;

/** `keys`: the number of bytes before the words. `content`: which content counts. */
export function callOf(
  record: Record,
  keys: number,
  loaded: Loaded,
  process: BpfProcess,
  content: SeenContent,
  counts: "executed" | "read",
): SeenCall {
  const flags = record.argument(1);
  const all = splitWords(record.rest.subarray(keys));
  const isScript = (flags & called.script) !== 0;
  const last = loaded.findLastIndex(({ isLoader }) => !isLoader);
  const interpreters = isScript ? interpretersOf(loaded, last, process, content) : [];
  if (interpreters === undefined)
    return { call: {}, lost: "a script whose first line could not be read", namesFile: false };
  const script = isScript ? (all.shift() ?? Buffer.alloc(0)) : undefined;
  const front = script === undefined ? [] : wordsInFront(script, interpreters);
  const words = new SeenWords((flags & called.taken) === 0 ? [...front, ...all] : all, flags);
  const names = { file: nameOf(loaded[0]), program: nameOf(loaded[last] ?? loaded[0]) };
  const where = script === undefined ? {} : { script: { name: script, words: front.length } };
  const { as, operands } = invocationOf({ ...names, ...where }, words);
  const finder = new RunFinder(record, process, content, counts);
  const runs = boundedRuns(operands.map((operand) => finder.runOf(operand, words)));
  const call = { ...(as === undefined ? {} : { as }), ...(runs.length === 0 ? {} : { runs }) };
  const isUnproven = isScript && !areTaken(flags, front.length + all.length, runs.length > 0);
  const lost = (flags & called.unreadable) !== 0 || isUnproven;
  const namesFile = operands.some(({ kind }) => kind === "file");
  return { call, namesFile, ...(lost ? { lost: "arguments of a program that could not be read" } : {}) };
}

/**
 * Whether it is proven that the kernel took these arguments for a script: so many. The first ones are what the `#!` lines say; that the
 * others are those that were read, the BPF programs see before the program runs. Of those that were cut nothing is proven, which matters
 * only if `areNeeded`.
 */
function areTaken(flags: number, count: number, areNeeded: boolean): boolean {
  if ((flags & called.taken) !== 0 || (flags & called.withWords) === 0) return true;
  return (flags & called.cut) === 0 ? count === flags >>> wordsCountShift : !areNeeded;
}

/** Words with their NULs; if the last has none, it was cut. */
function splitWords(bytes: Buffer): Buffer[] {
  const words: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NUL, start);
    words.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length : end + 1;
  }
  return words;
}

class SeenWords implements Words {
  readonly #words: readonly Buffer[];
  readonly #areAll: boolean;
  readonly #isCut: boolean;

  constructor(words: readonly Buffer[], flags: number) {
    const isKnown = (flags & (called.cut | called.unreadable)) === 0;
    // Without any, the kernel gives an empty one (fs/exec.c, do_execveat_common).
    this.#words = words.length === 0 && isKnown ? [Buffer.alloc(0)] : words;
    this.#areAll = isKnown && (flags & called.withWords) !== 0;
    this.#isCut = (flags & called.cut) !== 0;
  }

  at(index: number): Word | typeof UNREADABLE | undefined {
    const bytes = this.#words[index];
    if (bytes === undefined) return this.#areAll ? undefined : UNREADABLE;
    return { bytes, isCut: this.#isCut && index === this.#words.length - 1 };
  }

  digestOf(index: number, from: number): Digest | undefined {
    const word = this.at(index);
    if (word === UNREADABLE || word === undefined || word.isCut) return undefined;
    return createHash("sha256").update(word.bytes.subarray(from)).digest("hex") as Digest;
  }
}

/** What the `#!` lines say, outermost first; undefined where one cannot be read. */
function interpretersOf(
  loaded: Loaded,
  last: number,
  { pid }: BpfProcess,
  content: SeenContent,
): readonly Interpreter[] | undefined {
  const lines = loaded.slice(0, last).map(({ seen }) => content.interpreterOf(seen, pid));
  return lines.every((line) => line !== undefined) ? lines : undefined;
}

function nameOf({ seen }: Loaded[number]): string {
  const path = pathTextOf(seen);
  return path.slice(path.lastIndexOf("/") + 1);
}

class RunFinder {
  readonly #directory: Buffer | undefined;
  readonly #process: BpfProcess;
  readonly #content: SeenContent;
  readonly #counts: "executed" | "read";

  constructor(record: Record, process: BpfProcess, content: SeenContent, counts: "executed" | "read") {
    const seen = record.objects > 0 ? record.object(0) : undefined;
    this.#directory = seen?.standing === standings.here ? seen.path : undefined;
    this.#process = process;
    this.#content = content;
    this.#counts = counts;
  }

  runOf(operand: Operand, words: SeenWords): string {
    switch (operand.kind) {
      case "name":
        return formatNamedRun(operand.name);
      case "text":
        return formatRun(TEXT, words.digestOf(operand.word, operand.from));
      case "file":
        return this.#file(operand.names);
    }
  }

  #file(names: readonly [Buffer, ...Buffer[]]): string {
    const paths = names.map((name) => this.#absolute(name));
    for (const path of paths) {
      const run = path && this.#content.runAt(path, this.#process, this.#counts === "read");
      if (run !== undefined) return run;
    }
    const [first] = paths;
    const place = first && this.#content.placeAt(first, this.#process);
    return formatRun(place ?? `?unresolved:${escapeBytes(names[0])}`, undefined);
  }

  #absolute(name: Buffer): Buffer | undefined {
    if (name[0] === SLASH) return name;
    return this.#directory && Buffer.concat([this.#directory, Buffer.of(SLASH), name]);
  }
}

/**
 * How a program was called: by which name, and what it was given to run. Both identify the actor as much as its file does: one
 * busybox is three hundred programs, and node is whatever its script is.
 */
import { escapeBytes } from "../../event/escape.ts";
import { literal } from "../path-text.ts";
import { interpreterCalled } from "./interpreters.ts";
import { appletOf } from "./multi-call.ts";
import { named, type Operand, unclear } from "./operand.ts";
import { scan } from "./scan.ts";
import { scanShell } from "./shell.ts";
import { lastComponent, UNREADABLE, type Words, wordsFrom } from "./words.ts";

/** Names of the files, each the last component of its path as escaped text. */
export interface Called {
  /** The file that was named to be executed. */
  readonly file: string;
  /** The program that runs: that file, or the one that the `#!` lines lead to. */
  readonly program: string;
  /**
   * For a `#!` script: the path by which its interpreter is given the script, and the number of words that this path and the
   * `#!` lines put in front.
   */
  readonly script?: { readonly name: Buffer; readonly words: number } | undefined;
}

export interface Invocation {
  /** The name it was called by: escaped, tokens marked; undefined if it is the name of the file. */
  readonly as: string | undefined;
  readonly operands: readonly Operand[];
}

/** Longest part of a name that is kept. */
const MAX_NAME = 255;

/** What the arguments give to run. `words` are the arguments that the program receives, interpreters of `#!` lines first. */
export function invocationOf({ file, program, script }: Called, words: Words): Invocation {
  const applet = appletOf(program, words);
  if (applet === UNREADABLE) return { as: "$unreadable", operands: [{ ...unclear("unreadable"), word: 0 }] };
  const name = script === undefined ? (applet ? nameText(applet.name) : calledName(words)) : nameText(script.name);
  const operands = operandsOf(applet ? escapeBytes(applet.name) : program, words, applet?.start ?? 0);
  // A script and the interpreters of its first line are images already.
  const others = operands.filter(({ word }) => script === undefined || word >= script.words);
  return { as: name === file ? undefined : name, operands: others };
}

/** A loader that is given a loader, and so on. */
const MOST_PROGRAMS = 8;

function operandsOf(program: string, all: Words, start: number, programs = 1): readonly Operand[] {
  const interpreter = interpreterCalled(program);
  if (interpreter === undefined) return [];
  const words = wordsFrom(all, start);
  const found = interpreter.kind === "shell" ? scanShell(interpreter.grammar, words) : scan(interpreter.grammar, words);
  const operands = found.map((each) => (each.word < 0 ? each : { ...each, word: each.word + start }));
  const last = operands.at(-1);
  if (interpreter.kind === "shell" || !interpreter.grammar.runsPrograms || last?.kind !== "file") return operands;
  if (programs >= MOST_PROGRAMS) return [...operands, { ...unclear("too-many"), word: last.word }];
  return [...operands, ...programOperands(lastComponent(last.names[0]), all, last.word, programs + 1)];
}

/** What a program runs that is given to a loader as the word at `start`: its applet, and the applet's or its own operands. */
function programOperands(name: Buffer, all: Words, start: number, programs: number): readonly Operand[] {
  const applet = appletOf(escapeBytes(name), wordsFrom(all, start));
  if (applet === UNREADABLE) return [{ ...unclear("unreadable"), word: start }];
  if (applet === undefined) return operandsOf(escapeBytes(name), all, start, programs);
  const word = start + applet.start;
  return [{ ...named("module", applet.name), word }, ...operandsOf(escapeBytes(applet.name), all, word, programs)];
}

function calledName(words: Words): string {
  const word = words.at(0);
  if (word === UNREADABLE) return "$unreadable";
  return word === undefined || word.bytes.length === 0 ? "$nothing" : nameText(word.bytes);
}

/** Marks a real name that looks like a token. */
function nameText(path: Buffer): string {
  const name = lastComponent(path);
  return literal(escapeBytes(name.length <= MAX_NAME ? name : name.subarray(0, MAX_NAME))) || "$nothing";
}

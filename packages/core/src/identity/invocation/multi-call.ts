/**
 * Multi-call programs: the name that such a program is called by selects one of its programs; if that is its own name, the
 * first argument does.
 *
 *   busybox cat x          cat          coreutils --coreutils-prog=cat x     cat
 *   git -C there push      git-push     llvm ar                              ar
 */
import { lastComponent, MOST_WORDS, UNREADABLE, type Words } from "./words.ts";

/** The program that it acts as. */
export interface Applet {
  readonly name: Buffer;
  /** The word that holds its name. */
  readonly start: number;
}

type Choice = Applet | typeof UNREADABLE | undefined;
type Choose = (called: Buffer, words: Words) => Choice;

/** A name with one of these prefixes is the program's own: then the first argument selects. */
const byFirstArgument =
  (own: string): Choose =>
  (called, words) => {
    for (let at = 0; at < MOST_WORDS; at++) {
      const word = at === 0 ? { bytes: called } : words.at(at);
      if (word === undefined || word === UNREADABLE) return word;
      const name = lastComponent(at === 0 ? withoutDash(word.bytes) : word.bytes);
      if (!name.toString("latin1").startsWith(own)) return { name, start: at };
    }
    return undefined;
  };

/** The argv[0] of a login shell begins with a dash. */
function withoutDash(name: Buffer): Buffer {
  return name[0] === 0x2d && name.length > 1 ? name.subarray(1) : name;
}

const PROGRAM = /^--coreutils-prog(?:-shebang)?=(.+)$/s;

/** GNU coreutils take an option; the Rust implementation takes a first argument. */
const coreutils: Choose = (called, words) => {
  if (!called.equals(Buffer.from("coreutils"))) return { name: called, start: 0 };
  const first = words.at(1);
  if (first === undefined || first === UNREADABLE) return first;
  const program = PROGRAM.exec(first.bytes.toString("latin1"))?.[1];
  const name = program === undefined ? first.bytes : Buffer.from(program, "latin1");
  return name[0] === 0x2d ? undefined : { name: lastComponent(name), start: 1 };
};

/** Options of git(1) before the command that take the next word. */
const GIT_VALUED: ReadonlySet<string> = new Set(
  "-C -c --git-dir --work-tree --namespace --super-prefix --config-env --attr-source".split(" "),
);

const git: Choose = (called, words) => {
  if (called.toString("latin1").startsWith("git-")) return { name: called, start: 0 };
  for (let at = 1; at < MOST_WORDS; at++) {
    const word = words.at(at);
    if (word === undefined || word === UNREADABLE) return word;
    if (word.bytes[0] !== 0x2d) return { name: Buffer.concat([Buffer.from("git-"), word.bytes]), start: at };
    if (GIT_VALUED.has(word.bytes.toString("latin1"))) words.at(++at);
  }
  return undefined;
};

const byName: ReadonlyMap<string, Choose> = new Map([
  ["toybox", byFirstArgument("toybox")],
  ["llvm", byFirstArgument("llvm")],
  ["dropbearmulti", byFirstArgument("dropbearmulti")],
  ["coreutils", coreutils],
  ["git", git],
]);

/** Names of multi-call programs. Every name that begins with `busybox` is one as well. */
export const multiCallNames: readonly string[] = ["busybox", ...byName.keys()];

/**
 * The program that a multi-call program acts as, by the name of its file and the name it was called by. Its own name is
 * returned if no other is selected; undefined for other programs.
 */
export function appletOf(program: string, words: Words): Choice {
  const choose = program.startsWith("busybox") ? byFirstArgument("busybox") : byName.get(program);
  const called = words.at(0);
  if (choose === undefined || called === undefined || called === UNREADABLE) return undefined;
  return choose(lastComponent(withoutDash(called.bytes)), words);
}

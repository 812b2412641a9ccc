/**
 * Rules about the programs of a toolchain: what they keep for themselves, what they write anew each time, and what they build.
 *
 *   cache    what these programs do at or below a directory is one act, whatever an earlier run left there
 *   output   to create, replace, shorten or remove a file is one act for these programs, whatever an earlier run left there
 *   program  the same, and to read it if it may be executed
 *   state    the same, and to read it
 *   maker    a program that these programs have begun, and only makers and finishers have written, is identified by them, and not
 *            by its content
 *   names    a digest or a number in a name below a directory is levelled, whichever run made the file
 *   finisher these programs may change what a maker has begun
 *
 * They stand in the policy, one a line, and nothing applies without its line. An act is still told apart by the task that does it:
 * a rule only ever changes what a task is said to do, so a program that merely has the name of a tool has points of its own.
 */
import { Glob } from "../glob.ts";
import { Wildcard } from "../wildcard.ts";

/** A rule as it stands in a policy. */
export type ToolRule = PlaceRule | MakerRule | NameRule;

export interface PlaceRule {
  readonly kind: "cache" | "output" | "program" | "state";
  /** Pattern over levelled paths, as of a pseudonym. */
  readonly in: string;
  /** Programs by name: `ld`, `*-ld.bfd`, `node:npm-cli.js` for one that runs this script. */
  readonly by: readonly string[];
  readonly why: string;
}

export interface MakerRule {
  readonly kind: "maker" | "finisher";
  readonly by: readonly string[];
  readonly why: string;
}

/** Names with a digest in a place: see `names.ts`. */
export interface NameRule {
  readonly kind: "names";
  /** Pattern over paths as they are, but for the directory at their beginning: `$TMP/go-build*`. */
  readonly in: string;
  /** `directory`: the last name of the pattern itself, which a run makes that does not find it. */
  readonly form: "digest" | "number" | "directory";
  readonly why: string;
}

export const toolRuleKinds = ["cache", "output", "program", "state", "maker", "finisher", "names"] as const;

/** Names of programs, with `*` for any characters. */
export class ProgramNames {
  readonly #whole: ReadonlySet<string>;
  readonly #patterns: readonly Wildcard[];

  constructor(names: readonly string[]) {
    this.#whole = new Set(names.filter((name) => !name.includes("*")));
    this.#patterns = names.filter((name) => name.includes("*")).map((name) => new Wildcard(name));
  }

  /** Whether a program with these names (`toolNames`) is one of them. */
  has(names: readonly string[]): boolean {
    return names.some((name) => this.#whole.has(name) || this.#patterns.some((pattern) => pattern.matches(name)));
  }
}

/** A place of a policy, ready to be asked. */
export class Place {
  readonly #glob: Glob;
  readonly #names: ProgramNames;
  /** The path that stands for everything there. */
  readonly text: string;

  constructor({ in: pattern, by }: PlaceRule) {
    this.#glob = Glob.of(pattern);
    this.#names = new ProgramNames(by);
    this.text = `${pattern
      .split("/")
      .map((part) => (/[*?]/.test(part) ? ANY : part))
      .join("/")}/${ANY}`;
  }

  /** Whether these are its programs, and the path is the place itself or lies below it. */
  takes(path: string, names: readonly string[]): boolean {
    return this.#names.has(names) && this.#glob.match(path) > 0;
  }
}

/** Stands for any name. No name of a file in a path with tokens begins with a dollar sign. */
const ANY = "$any";

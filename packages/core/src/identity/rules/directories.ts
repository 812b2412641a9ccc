/**
 * Rules `working-directory`, `home`, `temp` and `runtime-directory`: directories that every machine and user has
 * elsewhere, by what they are for. The longest that contains a path wins; of equal ones the first in the order above.
 */
import type { Launch } from "../launch.ts";
import type { SwitchableRule } from "./table.ts";

export interface Directory {
  readonly path: string;
  readonly token: string;
  readonly rule: SwitchableRule;
}

export class Directories {
  readonly #all: readonly Directory[];
  readonly #levelled: readonly Directory[];
  readonly #temporary: ReadonlySet<string>;

  constructor(launch: Launch, rules: Readonly<Record<SwitchableRule, boolean>>) {
    this.#all = directoriesOf(launch);
    this.#levelled = this.#all.filter(({ rule }) => rules[rule]);
    this.#temporary = new Set(this.#all.filter(({ rule }) => rule === "temp").map(({ path }) => path));
  }

  /** The directory that contains a path, or is it. */
  of(path: string): Directory | undefined {
    return innermost(this.#levelled, path);
  }

  /** Whether the innermost directory around a path is one for temporary files, whichever rules are on. */
  isTemporary(path: string): boolean {
    const directory = innermost(this.#all, path);
    return directory !== undefined && this.#temporary.has(directory.path);
  }
}

/** Longest first; sorting is stable, so equal ones keep their order. `/` is no directory of anyone. */
function directoriesOf(launch: Launch): Directory[] {
  const all: Directory[] = [
    { path: launch.cwd, token: "$CWD", rule: "working-directory" },
    { path: launch.home, token: "$HOME", rule: "home" },
    ...launch.temp.map((path): Directory => ({ path, token: "$TMP", rule: "temp" })),
    { path: `/run/user/${launch.uid}`, token: "$RUNTIME", rule: "runtime-directory" },
  ];
  return all
    .filter(({ path }) => path.startsWith("/") && path !== "/" && !path.endsWith("/"))
    .sort((a, b) => b.path.length - a.path.length);
}

function innermost(directories: readonly Directory[], path: string): Directory | undefined {
  for (const directory of directories) {
    const { length } = directory.path;
    if (path.startsWith(directory.path) && (path.length === length || path.charCodeAt(length) === 0x2f))
      return directory;
  }
  return undefined;
}
